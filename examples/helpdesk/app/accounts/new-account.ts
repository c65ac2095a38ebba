import { z } from 'zod';

export const email = z.string().trim().toLowerCase().pipe(z.email('This is no address.'));

/** The fields of a form that opens an account. */
export const newAccount = {
  name: z.string().trim().min(1, 'What is your name?').max(80),
  email,
  password: z.string().min(10, 'Take ten characters at least.').max(200),
};
