import { JsonForm } from '../../support/json-form';
import { AnswerInvalidError } from './errors';

/**
 * What an answer holds, in the form in which JSON keeps it.
 *
 * @throws E_ANSWER_INVALID for a function, a symbol, a promise, what holds itself, and a whole answer that says it is nothing
 */
export function jsonForm(value: unknown): unknown {
  const refusal = (path: string, found: string): Error => AnswerInvalidError.value(path, found);
  const form = new JsonForm(refusal).of(value);
  if (form === undefined && value !== undefined) {
    throw refusal('value', 'an object whose "toJSON" gives undefined');
  }
  return form;
}
