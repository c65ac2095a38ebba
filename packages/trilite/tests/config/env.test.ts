import { defineEnv, readEnvironment, storagePath } from '../../src/config/env';
import { writeKey, ensureEnvFile } from '../../src/config/env-file';
import { enterProject, projectAt } from '../../src/config/project';
import { newAppKey } from '../../src/support/app-key';
import { lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { createProject, type TestProject } from '../helpers/project';

let project: TestProject;

beforeEach(() => {
  project = createProject();
});

afterEach(() => project.remove());

const enter = (env: Record<string, string> = {}) => enterProject(projectAt(project.path, env));

test('the process wins over .env.{APP_ENV}, which wins over .env', () => {
  project.write('.env', 'APP_ENV=staging\nA=env\nB=env\nC=env');
  project.write('.env.staging', 'A=staging\nB=staging');
  expect(readEnvironment(projectAt(project.path, { A: 'process' }))).toMatchObject({
    A: 'process',
    B: 'staging',
    C: 'env',
  });
});

test('tests do not read .env, but .env.testing', () => {
  project.write('.env', 'A=env\nB=env');
  project.write('.env.testing', 'A=testing');
  const values = readEnvironment(projectAt(project.path, { APP_ENV: 'testing' }));
  expect(values['A']).toBe('testing');
  expect(values['B']).toBeUndefined();
});

test('a byte order mark is no part of the first variable', () => {
  project.write('.env', '\uFEFFPORT=8080\r\nHOST="::1"\r\n');
  enter();
  expect(defineEnv()).toMatchObject({ PORT: 8080, HOST: '::1' });
});

test('an empty value counts as absent', () => {
  project.write('.env', 'PORT=');
  enter();
  expect(defineEnv().PORT).toBe(3000);
});

test('values are typed and frozen, own variables too', () => {
  enter({ PORT: '8080', APP_DEBUG: 'true', MAIL_RETRIES: '3' });
  const env = defineEnv((z) => ({ MAIL_RETRIES: z.coerce.number() }));
  expect(env).toMatchObject({ PORT: 8080, APP_DEBUG: true, MAIL_RETRIES: 3 });
  expect(Object.isFrozen(env)).toBe(true);
});

test('a wrong value is named with what was found and expected', () => {
  enter({ PORT: 'many' });
  expect(() => defineEnv()).toThrow(/"PORT": found 'many', expected number/);
});

test('a secret is not shown', () => {
  enter({ APP_KEY: 'too-short-to-be-a-key' });
  expect(() => defineEnv()).toThrow(/"APP_KEY": found a value that is not shown/);
  enter({ SMTP_PASS: 'hidden' });
  expect(() => defineEnv((z) => ({ SMTP_PASS: z.string().min(8) }))).toThrow(
    /"SMTP_PASS": found a value that is not shown/,
  );
  enter({ APP_PREVIOUS_KEYS: 'too-short-to-be-a-key' });
  expect(() => defineEnv()).toThrow(/"APP_PREVIOUS_KEYS\.0": found a value that is not shown/);
});

test('storagePath leads below STORAGE_PATH', () => {
  enter({ STORAGE_PATH: '/data' });
  expect(storagePath('cache.sqlite')).toBe('/data/cache.sqlite');
});

describe('.env', () => {
  const env = () => readFileSync(join(project.path, '.env'), 'utf8');

  test('is made from .env.example with a key, for its owner alone', () => {
    project.write('.env.example', 'A=1\nAPP_KEY=\nB=2\n');
    expect(ensureEnvFile(project.path, newAppKey)).toBe('created');
    expect(env()).toMatch(/^A=1\nAPP_KEY=base64:.{44}\nB=2\n$/);
    expect(statSync(join(project.path, '.env')).mode & 0o777).toBe(0o600);
  });

  test('keeps a key it has', () => {
    project.write('.env', 'APP_KEY=old\n');
    expect(ensureEnvFile(project.path, newAppKey)).toBe('kept');
    expect(env()).toBe('APP_KEY=old\n');
  });

  test.each(['export APP_KEY=old\n', '  APP_KEY = "old"\n', 'APP_KEY=\nA=1\nAPP_KEY=old\n'])(
    'keeps a key that whoever reads the file takes, and loses it by force alone: %j',
    (text) => {
      project.write('.env', text);
      expect(writeKey(project.path, 'new', { replace: false })).toBe('kept');
      expect(env()).toBe(text);
      writeKey(project.path, 'new', { replace: true });
      expect(parseEnv(env())).toMatchObject({ APP_KEY: 'new' });
      expect(env().match(/APP_KEY/g)).toHaveLength(text.match(/APP_KEY/g)?.length ?? 0);
    },
  );

  test('has no key where that is empty', () => {
    project.write('.env', 'APP_KEY=""\n');
    expect(ensureEnvFile(project.path, newAppKey)).toBe('keyed');
  });

  test('stays a link to where it lies', () => {
    project.write('secrets/env', 'A=1\n');
    symlinkSync(join(project.path, 'secrets/env'), join(project.path, '.env'));
    writeKey(project.path, 'new', { replace: false });
    expect(lstatSync(join(project.path, '.env')).isSymbolicLink()).toBe(true);
    expect(env()).toBe('A=1\nAPP_KEY=new\n');
  });

  test('gets a key at its end when it has no line for one', () => {
    project.write('.env', 'A=1');
    writeKey(project.path, 'new', { replace: false });
    expect(env()).toBe('A=1\nAPP_KEY=new\n');
  });

  test('a key with dollar signs is written as it is', () => {
    project.write('.env', 'APP_KEY=\n');
    writeKey(project.path, "$&$'", { replace: false });
    expect(env()).toBe("APP_KEY=$&$'\n");
  });
});
