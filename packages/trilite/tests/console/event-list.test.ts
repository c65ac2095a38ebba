import { artisan } from '../helpers/artisan';
import { createProject, type TestProject } from '../helpers/project';

let project: TestProject;

afterEach(() => project.remove());

const LISTENERS = `
  class OrderPlaced {}
  class OrderCancelled {}
  exports.SendReceipt = class SendReceipt {
    static listensTo = OrderPlaced;
    static queue = true;
    handle() {}
  };
  exports.CountOrder = class CountOrder {
    static listensTo = [OrderPlaced, OrderCancelled];
    static afterCommit = true;
    handle() {}
  };
  exports.OrderLog = class OrderLog {
    static subscribe(on) { on(OrderPlaced, 'placed'); }
    placed() {}
  };`;

describe('event:list', () => {
  test('shows each event with its listeners, in the order they are called', async () => {
    project = createProject({ 'app/listeners/orders.js': LISTENERS });
    const { out, code } = await artisan(project, 'event:list');
    expect(code).toBe(0);
    expect(out).toMatch(
      /OrderCancelled\n +CountOrder \.+ after the commit\n +OrderPlaced\n +SendReceipt \.+ queued\n +CountOrder \.+ after the commit\n +OrderLog\.placed \.+ at once\n/,
    );
  });

  test('prints the same as JSON', async () => {
    project = createProject({ 'app/listeners/orders.js': LISTENERS });
    const { out } = await artisan(project, 'event:list --json');
    const queued = { isQueued: true, isAfterCommit: true };
    expect(JSON.parse(out)).toEqual([
      { event: 'OrderCancelled', listener: 'CountOrder', isQueued: false, isAfterCommit: true },
      { event: 'OrderPlaced', listener: 'SendReceipt', ...queued },
      { event: 'OrderPlaced', listener: 'CountOrder', isQueued: false, isAfterCommit: true },
      { event: 'OrderPlaced', listener: 'OrderLog.placed', isQueued: false, isAfterCommit: false },
    ]);
  });

  test('says so when there are none', async () => {
    project = createProject();
    expect((await artisan(project, 'event:list')).out).toContain('No listeners');
  });

  test('a listener that does not say what it listens to is refused at boot', async () => {
    project = createProject({
      'app/listeners/deaf.js': 'exports.Deaf = class Deaf { handle() {} };',
    });
    const { err, code } = await artisan(project, 'event:list');
    expect(code).not.toBe(0);
    expect(err).toContain('The listener "Deaf" cannot be registered');
  });

  test('so is one that the container could not make', async () => {
    project = createProject({
      'app/listeners/needy.js':
        'exports.Needy = class Needy { static listensTo = class Placed {}; constructor(db) {} handle() {} };',
    });
    expect((await artisan(project, 'event:list')).err).toContain('Needy');
  });
});
