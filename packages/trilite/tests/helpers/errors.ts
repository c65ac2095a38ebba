/** Stands in an expectation for an error with this code, and a message that holds this text. */
export function errorWith(code: string, text = ''): Error {
  return expect.objectContaining({ code, message: expect.stringContaining(text) }) as Error;
}
