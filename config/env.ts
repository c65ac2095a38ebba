import { defineEnv } from 'trilite';

// Variables of your own: defineEnv((z) => ({ MAIL_FROM: z.email() })). They are read, checked and typed here, and nowhere else.
export const env = defineEnv();
