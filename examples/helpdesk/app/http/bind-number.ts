import { bindParameter, type ParameterBinding, type Scope } from 'trilite';

/** A number of a row, as addresses and forms say it: "1e1" and "07" are none. */
export const ROW_NUMBER = /^[1-9]\d{0,14}$/;

/** Has a parameter stand for what its number finds. What is no number is 404, as one that nothing has. */
export function bindNumber<T>(
  parameter: string,
  find: (id: number, scope: Scope) => Promise<T | undefined>,
): ParameterBinding<T> {
  return bindParameter(parameter, (text, scope) =>
    ROW_NUMBER.test(text) ? find(Number(text), scope) : undefined,
  );
}
