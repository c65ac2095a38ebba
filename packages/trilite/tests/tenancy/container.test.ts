import {
  Database,
  cacheStore,
  CacheRepository,
  inject,
  injectable,
  queueConnection,
  QueueDispatcher,
  databaseConnection,
} from 'trilite';
import { createTestApplication, type TestApplication } from 'trilite/testing';
import { CENTRAL } from '../../src/support/scope-holder';
import { Container } from '../../src/tenancy/container';
import { refuseUnresolvable } from '../../src/tenancy/resolution-check';
import type { InjectableClass } from '../../src/tenancy/token';
import { errorWith } from '../helpers/errors';
import { createProject, type TestProject } from '../helpers/project';

class Mailer {}

@injectable()
class Reports {
  constructor(readonly db: Database) {}
}

@injectable()
class Digest {
  constructor(
    readonly mailer: Mailer,
    readonly reports: Reports,
  ) {}
}

describe('bindings', () => {
  test('what is shared is made once for the application, what is per tenant once for each scope', () => {
    const container = new Container();
    container.shared('shared', () => ({}));
    container.perTenant('perTenant', () => ({}));
    const [a, b] = [container.open(CENTRAL), container.open({ kind: 'tenant', tenantId: 'acme' })];
    expect(a.make('shared')).toBe(b.make('shared'));
    expect(a.make('perTenant')).toBe(a.make('perTenant'));
    expect(a.make('perTenant')).not.toBe(b.make('perTenant'));
  });

  test('what is shared cannot reach what belongs to a tenant', () => {
    const container = new Container();
    container.perTenant(Database, () => ({}) as Database);
    container.shared(Mailer, (resolver) => resolver.make(Database));
    expect(() => container.open(CENTRAL).make(Mailer)).toThrow();
  });

  test('what is shared and needs what belongs to a tenant, however far away, is refused before anything is made', () => {
    const container = new Container();
    const make = jest.fn();
    container.perTenant(Database, make);
    container.shared(Digest, make);
    expect(() => container.freeze()).toThrow(
      errorWith('E_CONTAINER_UNRESOLVABLE', 'Digest -> Reports -> Database'),
    );
    expect(make).not.toHaveBeenCalled();
  });

  test('what is shared may need what is shared, and what nobody bound', () => {
    const container = new Container();
    container.perTenant('perTenant', () => ({}));
    container.shared(Reports, () => new Reports({} as Database));
    container.shared(Digest, (resolver) => new Digest(new Mailer(), resolver.make(Reports)));
    container.freeze();
    expect(container.open(CENTRAL).make(Digest)).toBeInstanceOf(Digest);
  });

  test('nothing is bound after the container is frozen', () => {
    const container = new Container();
    container.freeze();
    expect(() => container.shared(Mailer, () => new Mailer())).toThrow(
      expect.objectContaining({ code: 'E_CONTAINER_FROZEN' }),
    );
  });

  test('an error of a factory passes through as it is', () => {
    const container = new Container();
    container.shared(Mailer, () => {
      throw new Error('no mail server');
    });
    expect(() => container.open(CENTRAL).make(Mailer)).toThrow('no mail server');
  });
});

describe('the check at boot', () => {
  const check = (type: InjectableClass, bind: (container: Container) => void = () => undefined) => {
    const container = new Container();
    bind(container);
    refuseUnresolvable([type], container.open(CENTRAL));
  };

  class NotInjectable {
    constructor(readonly mailer: Mailer) {}
  }

  @injectable()
  class Reports {
    constructor(readonly deep: NotInjectable) {}
  }

  @injectable()
  class ReportController {
    constructor(readonly reports: Reports) {}
  }

  test('names the path to a class that cannot be made, and what to do', () => {
    expect(() => check(ReportController)).toThrow(
      expect.objectContaining({
        code: 'E_CONTAINER_UNRESOLVABLE',
        message: expect.stringContaining('ReportController → Reports → NotInjectable'),
        help: expect.stringContaining('@injectable()'),
      }),
    );
  });

  test('accepts a class that somebody binds', () => {
    expect(() =>
      check(ReportController, (container) =>
        container.shared(NotInjectable, () => new NotInjectable(new Mailer())),
      ),
    ).not.toThrow();
  });

  test('names a parameter whose type is no class', () => {
    interface Clock {
      now(): number;
    }
    @injectable()
    class Timer {
      constructor(readonly clock: Clock) {}
    }
    expect(() => check(Timer)).toThrow(
      /Timer: the type of parameter 1 of its constructor is no class at run time/,
    );
  });

  test('names a token that nobody bound', () => {
    @injectable()
    class Hot {
      constructor(@inject(cacheStore('hot')) readonly cache: CacheRepository) {}
    }
    expect(() => check(Hot)).toThrow(/Hot → cacheStore\("hot"\): nothing is bound to that name/);
  });
});

describe('an application', () => {
  let project: TestProject;
  let app: TestApplication;

  @injectable()
  class Everything {
    constructor(
      readonly cache: CacheRepository,
      readonly queue: QueueDispatcher,
      readonly db: Database,
      @inject(cacheStore('memory')) readonly hot: CacheRepository,
      @inject(queueConnection('sync')) readonly sync: QueueDispatcher,
      @inject(databaseConnection('queue')) readonly jobs: Database,
    ) {}
  }

  beforeEach(async () => {
    project = createProject();
    app = await createTestApplication({ basePath: project.path });
  });

  afterEach(async () => {
    await app.close();
    project.remove();
  });

  test('injects cache, queue and database bound to their connections, and others by name', async () => {
    const made = app.make(Everything);
    await made.cache.put('where', 'file');
    await made.hot.put('where', 'memory');
    expect(await app.cache().get('where')).toBe('file');
    expect(await app.cache('memory').get('where')).toBe('memory');
    const tables = await made.jobs.introspection.getTables();
    expect(tables.map(({ name }) => name)).toContain('jobs');
  });

  test('makes classes anew each time', () => {
    expect(app.make(Everything)).not.toBe(app.make(Everything));
  });
});

describe('providers', () => {
  const providers = `
    const said = (globalThis.said = []);
    const { Provider } = require('trilite');
    const named = (name) => class extends Provider {
      register({ shared }) { said.push('register ' + name); shared(name, () => this.config('mail')); }
      boot(resolver) { said.push('boot ' + name + ' ' + resolver.make('a').host); }
      shutdown() { said.push('shutdown ' + name); }
    };
    exports.default = { providers: [named('a'), named('b')] };`;

  test('are registered, then booted in order, and shut down in reverse order', async () => {
    const project = createProject({
      'config/app.js': providers,
      'config/mail.js': "exports.default = { host: 'mail' };",
    });
    const app = await createTestApplication({ basePath: project.path });
    await app.close();
    await app.close();
    expect((globalThis as unknown as { said: string[] }).said).toEqual([
      'register a',
      'register b',
      'boot a mail',
      'boot b mail',
      'shutdown b',
      'shutdown a',
    ]);
    project.remove();
  });
});
