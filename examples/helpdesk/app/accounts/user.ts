import type { RequestUser } from 'trilite';

/** An agent answers tickets and sees all of them, a customer those of their own. */
export type Role = 'agent' | 'customer';

declare module 'trilite' {
  interface RequestUser {
    readonly id: number;
    readonly name: string;
    readonly email: string;
    readonly role: Role;
  }
}

/** Somebody at an organisation: whom a request comes from, once they have signed in. */
export type User = RequestUser;
