/**
 * The tables of the application, for the types of every query. Fill it by augmentation:
 *
 * @example
 * import type { Generated } from 'trilite';
 *
 * declare module 'trilite' {
 *   interface Tables {
 *     posts: { id: Generated<number>; title: string };
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications add their tables by augmentation
export interface Tables {}
