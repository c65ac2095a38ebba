import { response as ofExpress } from 'express';
import type { Response } from '../request';
import { jsonForm } from './json-form';

/** What every response of a kernel's express application does in another way than express's own: JSON keeps what its own would lose. */
export const responseMethods = {
  json(this: Response, value: unknown): Response {
    return ofExpress.json.call(this, jsonForm(value)) as Response;
  },
  jsonp(this: Response, value: unknown): Response {
    return ofExpress.jsonp.call(this, jsonForm(value)) as Response;
  },
};
