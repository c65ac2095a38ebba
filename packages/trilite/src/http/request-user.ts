import type { IncomingMessage } from 'node:http';
import { RequestSlot } from './request-slot';

/**
 * Who a request can come from, as the application knows them. Fill it by augmentation:
 *
 * @example
 * import type { Request } from 'trilite';
 *
 * declare module 'trilite' {
 *   interface RequestUser {
 *     id: number;
 *     tenants: readonly string[];
 *   }
 * }
 *
 * export class ProfileController {
 *   show({ user }: Request) {
 *     return { id: user?.id };
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications say by augmentation what a user is
export interface RequestUser {}

/** Beside what came in: nothing of that can be taken for it. */
const slot = new RequestSlot<RequestUser | undefined>();

/** Has a request come from somebody, or from nobody. */
export function actAs(request: IncomingMessage, user: RequestUser | undefined): void {
  slot.set(request, user);
}

/** Whom a request comes from; undefined while nobody has said so. */
export function userOf(request: IncomingMessage): RequestUser | undefined {
  return slot.get(request);
}
