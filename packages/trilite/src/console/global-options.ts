/** The options every command takes. */
export const globalOptions = [
  { flags: ['--help', '-h'], syntax: '-h, --help', description: 'Show the help of a command' },
  {
    flags: ['--env'],
    syntax: '    --env=<name>',
    description: 'Run in another environment than APP_ENV says',
  },
  {
    flags: ['--quiet', '-q'],
    syntax: '-q, --quiet',
    description: 'Say nothing but errors and results',
  },
  {
    flags: ['--verbose', '-v'],
    syntax: '-v, --verbose',
    description: 'Show the stack of an error',
  },
  { flags: ['--no-interaction', '-n'], syntax: '-n, --no-interaction', description: 'Ask nothing' },
  {
    flags: ['--isolated'],
    syntax: '    --isolated[=<code>]',
    description: 'Do nothing while another run goes on, and end with this code',
  },
  {
    flags: ['--ansi', '--no-ansi'],
    syntax: '    --[no-]ansi',
    description: 'Force colour, or none',
  },
  {
    flags: ['--version', '-V'],
    syntax: '-V, --version',
    description: 'Show the version of Trilite',
  },
] as const satisfies readonly { flags: readonly string[]; syntax: string; description: string }[];
