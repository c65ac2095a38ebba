import { defineTenancy } from 'trilite';

export default defineTenancy({ mode: 'off' });
