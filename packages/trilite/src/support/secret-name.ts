/**
 * Ends of names, of what such a name holds, and of some that are numbered: `APP_KEY`, `mail.auth.pass`, `previousKeys.0`, `services.tokens.github`,
 * `API_KEY_2`.
 */
const SECRET =
  /(key|secret|token|pass(word|wd|phrase|code)?|pwd|credential|authorization)s?(_?(\d+|pem))?(\.|$)/i;

/** Whether what a setting or a variable of this name holds must not be shown. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name);
}
