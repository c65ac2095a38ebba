import { FrameworkError, type ErrorFacts } from '../../support/errors';

/** What is wrong with which field; a field in another has its path, `items.0.name`. */
export type InputErrors = Readonly<Record<string, readonly string[]>>;

/** Thrown when what a request holds is not what its route asks for. Answered with 422, and with what is wrong with which field. */
export class InputInvalidError extends FrameworkError {
  readonly errors: InputErrors;

  constructor(facts: ErrorFacts, errors: InputErrors) {
    super(facts);
    this.errors = errors;
  }

  static of(errors: InputErrors): InputInvalidError {
    const fields = Object.keys(errors).filter((field) => field !== '');
    return new InputInvalidError(
      {
        code: 'E_INPUT_INVALID',
        message:
          fields.length === 0
            ? 'What was sent is not valid.'
            : `Not valid: ${fields.slice(0, 10).join(', ')}${fields.length > 10 ? ', …' : ''}.`,
        help: 'Send what the schema of "validated" at the route asks for; "errors" names each field.',
        status: 422,
      },
      errors,
    );
  }
}
