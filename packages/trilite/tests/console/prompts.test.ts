import { ARTISAN_FILE } from '../helpers/artisan-process';
import { ArtisanTerminal } from '../helpers/artisan-terminal';
import { artisan, type ArtisanResult } from '../helpers/artisan';
import { createProject, type TestProject } from '../helpers/project';

/* Questions to a person at a terminal, and what answers them where there is none. */

/** Asks one question of each kind, and prints the answers. */
const survey = `
  exports.SurveyCommand = class {
    static signature = {
      name: 'app:survey', description: 'Ask for everything',
      arguments: { name: { description: 'Who', question: 'Who are you?' } },
      options: {
        age: { type: 'integer', description: 'How old', min: 18, question: 'How old are you?' },
        mail: { type: 'string', description: 'Where' },
        key: { type: 'string', description: 'The key' },
        plan: { type: 'string', description: 'The plan', default: 'free' },
        lists: { type: 'string', description: 'The lists' },
        force: { description: 'Ask nothing' },
      },
    };
    async handle({ arguments: { name }, options: { age }, prompts, output }) {
      const mail = await prompts.ask('Which e-mail?', {
        answeredBy: 'mail', default: 'nobody@example.org',
        validate: async (text) => (text.includes('@') ? undefined : 'An e-mail has an @.'),
      });
      const key = await prompts.secret('Which key?', { answeredBy: 'key', default: 'none' });
      const plan = await prompts.choose('Which plan?', { free: 'Free', team: 'Team' }, { answeredBy: 'plan' });
      const lists = await prompts.chooseMany('Which lists?', ['news', 'offers'], { answeredBy: 'lists', default: [] });
      const sure = await prompts.confirm('Sure?', { answeredBy: 'force', default: false });
      output.result(JSON.stringify({ name, age, mail, key, plan, lists, sure }));
    }
  };`;

/** Asks one question that nothing answers in a person's place. */
const bare = `
  exports.BareCommand = class {
    static signature = { name: 'app:bare', description: 'Ask' };
    async handle({ prompts }) { await prompts.ask('What now?'); }
  };
  exports.StrangeCommand = class {
    static signature = { name: 'app:strange', description: 'Ask' };
    async handle({ prompts }) { await prompts.ask('What now?', { answeredBy: 'now' }); }
  };
  exports.PatientCommand = class {
    static signature = { name: 'app:patient', description: 'Ask' };
    async handle({ prompts, signal }) {
      signal.throwIfAborted();
      console.log('[' + process.pid + ']');
      await prompts.secret('Which key?');
    }
  };
  exports.EmptyCommand = class {
    static signature = { name: 'app:empty', description: 'Ask' };
    async handle({ prompts }) { await prompts.choose('Which?', []); }
  };`;

let project: TestProject;
let terminal: ArtisanTerminal | undefined;

beforeEach(() => {
  project = createProject({
    'artisan.js': ARTISAN_FILE,
    'app/console/commands/survey.js': survey,
    'app/console/commands/bare.js': bare,
  });
});

afterEach(async () => {
  await terminal?.kill();
  terminal = undefined;
  project.remove();
});

describe('with nobody to ask', () => {
  const run = (line: string): Promise<ArtisanResult> => artisan(project, `app:survey ${line}`);

  test('flags answer, else defaults do: those of the signature before those of the question', async () => {
    const { out } = await run('Ada --age=36');
    expect(JSON.parse(out)).toEqual({
      name: 'Ada',
      age: 36,
      mail: 'nobody@example.org',
      key: 'none',
      plan: 'free',
      lists: [],
      sure: false,
    });
    const flags = '--mail=ada@example.org --key=k --plan=team --lists=news,offers --force';
    expect(JSON.parse((await run(`Ada --age=36 ${flags}`)).out)).toMatchObject({
      mail: 'ada@example.org',
      key: 'k',
      plan: 'team',
      lists: ['news', 'offers'],
      sure: true,
    });
  });

  test.each([
    ['--age=36', 'needs an answer to "Who are you?", and there is nobody to ask', 'Give "<name>"'],
    ['Ada', 'needs an answer to "How old are you?"', 'Give "--age=<value>"'],
    ['Ada --age=17', 'Expected a whole number of at least 18', ''],
    ['Ada --age=36 --mail=ada', '"--mail=<value>" is not valid: An e-mail has an @.', ''],
    ['Ada --age=36 --plan=own', '"own" is none of "free", "team"', ''],
    ['Ada --age=36 --lists=news,olds', '"olds" is none of "news", "offers"', ''],
  ])('"%s" is refused, and what to type is said', async (line, message, help) => {
    const { code, err } = await run(line);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).toContain(help);
  });

  test('a question that nothing answers says that it needs a terminal', async () => {
    const { code, err } = await artisan(project, 'app:bare');
    expect(code).toBe(2);
    expect(err).toContain('"app:bare" needs an answer to "What now?"');
    expect(err).toContain('Run it in a terminal, without --no-interaction.');
  });

  test('an option that is not declared cannot answer', async () => {
    const { err } = await artisan(project, 'app:strange');
    expect(err).toContain(
      'Expected `answeredBy` to be an argument or option of "app:strange", got `now`.',
    );
  });
});

test('a choice of nothing is an error', async () => {
  const { err } = await artisan(project, 'app:empty');
  expect(err).toContain('Expected `choices` of "Which?" to hold one at least, got none.');
});

describe('at a terminal', () => {
  const open = (line: string): ArtisanTerminal => (terminal = new ArtisanTerminal(project, line));

  test('each kind of question is asked, again until its answer is right', async () => {
    const it = open('app:survey');
    await it.shows(/Who are you\?/);
    it.type('\r');
    await it.shows(/An answer is needed\./);
    it.type('Ada\r');
    await it.shows(/How old are you\?/);
    it.type('7\r');
    await it.shows(/at least 18/);
    it.type('\u007f36\r');
    await it.shows(/Which e-mail\?/);
    it.type('ada\r');
    await it.shows(/An e-mail has an @/);
    it.type('@example.org\r');
    await it.shows(/Which key\?/);
    it.type('sesame\r');
    await it.shows(/Which plan\?[^]*Team/);
    it.type('\u001b[B\r');
    await it.shows(/Which lists\?[^]*offers/);
    it.type(' \r');
    await it.shows(/Sure\?/);
    it.type('y');
    await it.shows(/\{.*\}/);
    await it.shows(/\[0 icanon echo \]/);
    await it.end();
    expect(JSON.parse(/\{.*\}/.exec(it.text)?.[0] ?? '')).toEqual({
      name: 'Ada',
      age: 36,
      mail: 'ada@example.org',
      key: 'sesame',
      plan: 'team',
      lists: ['news'],
      sure: true,
    });
    expect(it.text.replace(/\{.*\}/, '')).not.toContain('sesame');
    expect(it.hidesCursor).toBe(false);
  });

  test('an empty line is the default', async () => {
    const it = open('app:survey Ada --age=36');
    for (const question of [/e-mail\?/, /key\?/, /plan\?[^]*Team/, /lists\?[^]*offers/, /Sure\?/]) {
      await it.shows(question);
      it.type('\r');
    }
    await it.shows(
      /\{"name":"Ada","age":36,"mail":"nobody@example.org","key":"none","plan":"free","lists":\[\],"sure":false\}/,
    );
    await it.end();
  });

  test.each([
    ['a text', 'app:survey', /Who are you\?/],
    [
      'a choice',
      'app:survey Ada --age=36 --mail=a@b --key=k --plan=free',
      // Drawn a second time once keys are read: before that, Ctrl-C would end the shell as well
      /Which lists\?[^]*Which lists\?[^]*offers/,
    ],
  ])(
    'Ctrl-C at %s ends with 130, says nothing, and leaves the terminal as it was',
    async (_, line, question) => {
      const it = open(line);
      await it.shows(question);
      it.type('\u0003');
      await it.shows(/\[130 icanon echo \]/);
      await it.end();
      expect(it.text).not.toContain('ERROR');
      expect(it.hidesCursor).toBe(false);
    },
  );

  test('a command that looks at its signal is stopped at a question, too', async () => {
    const it = open('app:patient');
    await it.shows(/Which key\?/);
    process.kill(Number(/\[(\d+)\]/.exec(it.text)?.[1]), 'SIGHUP');
    await it.shows(/\[129 icanon echo \]/);
    await it.end();
  });

  test('--no-interaction asks nothing', async () => {
    const it = open('app:survey -n');
    await it.shows(/there is nobody to ask[^]*\[2 icanon echo \]/);
    await it.end();
  });
});
