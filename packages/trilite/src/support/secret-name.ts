/** Ends of names, one of a list included: `APP_KEY`, `mail.auth.pass`, `previousKeys.0`. */
const SECRET = /(key|secret|token|pass(word|wd|phrase|code)?|pwd|credential)s?(\.\d+)?$/i;

/** Whether what a setting or a variable of this name holds must not be shown. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name);
}
