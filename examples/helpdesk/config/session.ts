import { defineSession } from 'trilite';

export default defineSession({ lifetime: '2h' });
