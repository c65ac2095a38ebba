import { FrameworkError } from '../support/errors';

/** Thrown when a test client cannot do what a test asks of it. */
export class TestClientError extends FrameworkError {
  static supertestMissing(cause: unknown): TestClientError {
    return new TestClientError({
      code: 'E_TEST_CLIENT_SUPERTEST_MISSING',
      message: 'A test sends a request, and the package "supertest" is not installed.',
      help: 'Run "npm install --save-dev supertest".',
      cause,
    });
  }

  static otherTenant(asked: string, found: string | undefined, request: string): TestClientError {
    return new TestClientError({
      code: 'E_TEST_CLIENT_TENANT',
      message: `${request} was sent as tenant "${asked}", and taken for a request of ${found === undefined ? 'the application itself' : `"${found}"`}.`,
      help: 'Give the tenant a domain, or name it as a resolver of app/http/kernel.ts reads it, with "withHeader": see "chain" in config/tenancy.ts.',
    });
  }

  static neverSent(requests: readonly string[]): TestClientError {
    return new TestClientError({
      code: 'E_TEST_CLIENT_NOT_AWAITED',
      message: `The test made requests that nobody awaited, and so none was sent:\n${requests.join('\n')}`,
      help: 'Write "await" before each.',
    });
  }
}

/** Thrown when a test describes what a command is to do, and does not run it. */
export class TestCommandError extends FrameworkError {
  static neverRun(commands: readonly string[]): TestCommandError {
    return new TestCommandError({
      code: 'E_TEST_COMMAND_NOT_AWAITED',
      message: `The test named commands that nobody awaited, and so none was run:\n${commands.join('\n')}`,
      help: 'Write "await" before each.',
    });
  }
}

/** Thrown when files cannot be made what they were at first. */
export class TestDatabaseError extends FrameworkError {
  static inUse(connections: readonly string[]): TestDatabaseError {
    return new TestDatabaseError({
      code: 'E_TEST_DATABASE_IN_USE',
      message: `"refreshDatabase" found files that are in use:\n${connections.join('\n')}`,
      help: 'Await what the test began, and stop its workers, streams and transactions before.',
    });
  }
}
