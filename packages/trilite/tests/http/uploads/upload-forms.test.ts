import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startSession, upload, uploads, verifyCsrf, type Request } from 'trilite';
import { file, form, kept, PNG, text, waiting } from '../../helpers/upload-site';
import { app, useSessions, visit } from '../../helpers/session-site';
import { openTenantSite } from '../../helpers/tenant-site';
import type { Visitor } from '../../helpers/visitor';

const theAvatar = upload('avatar', { types: ['image/png'], required: true });

describe('a form of a page', () => {
  useSessions();

  let visitor: Visitor;
  let token: string;

  beforeEach(async () => {
    visitor = await visit(
      (route) => {
        route
          .post('/avatar', (given: Request) => given.file(theAvatar).store('avatars'))
          .upload(theAvatar);
        route.get('/token', ({ session }) => session.token());
        route.get('/form', async ({ session }: Request) => ({
          errors: await session.errors(),
          title: await session.old('title'),
        }));
      },
      '{}',
      [startSession, verifyCsrf()],
    );
    token = (await visitor.get('/token')).text;
  });

  async function send(given: string, content: string | Buffer = PNG, headers = {}) {
    const { type, body } = form([
      [file('avatar', 'a.png'), content],
      [text('title'), 'Me'],
      [text('_token'), given],
    ]);
    const test = visitor.send('post', '/avatar').set({ ...headers, 'Content-Type': type });
    const answer = await test.set('Accept', 'text/html').send(body);
    await app.http().settled();
    expect(waiting(app)).toEqual([]);
    return answer;
  }

  test('passes with the token in one of its fields', async () => {
    expect((await send(token)).status).toBe(200);
    expect(kept(app, 'files/avatars')).toHaveLength(1);
  });

  test('with another token is refused, and leaves nothing', async () => {
    expect((await send('nonsense')).status).toBe(403);
  });

  test('of somebody else’s page is refused before it is read', async () => {
    expect((await send(token, PNG, { Origin: 'https://evil.example' })).status).toBe(403);
    expect(readdirSync(app.storagePath)).not.toContain('uploads');
  });

  test('passes with the token in a header', async () => {
    const { type, body } = form([[file('avatar', 'a.png'), PNG]]);
    await visitor
      .send('post', '/avatar')
      .set({ 'Content-Type': type, 'X-CSRF-Token': token })
      .send(body)
      .expect(200);
  });

  test('with a file that is none of those asked for goes back to its page, with what was typed', async () => {
    expect((await send(token, '<p>')).status).toBe(303);
    expect((await visitor.get('/form')).body).toEqual({
      title: 'Me',
      errors: { avatar: ['The file is text/html; expected image/png.'] },
    });
  });
});

test.each(['files', 'single'])('a tenant’s files are its own, with mode %s', async (mode) => {
  const theFiles = uploads('files');
  const site = await openTenantSite({
    files: {
      'config/tenancy.js': `exports.default = { mode: '${mode}' };`,
      'database/migrations/tenant/2026_01_01_000000_create_notes.js':
        'exports.default = { up() {}, down() {} };',
    },
    tenantRoutes: (route) => {
      route
        .post('/', (given: Request) =>
          Promise.all(given.file(theFiles).map((one) => one.storeAs('reports', 'may.csv'))),
        )
        .upload(theFiles);
    },
  });
  try {
    const { type, body } = form([[file('files', 'may.csv', 'text/csv'), 'a,b']]);
    for (const id of ['acme', 'globex']) {
      const { status, json } = await site.ask({
        method: 'POST',
        host: `${id}.example`,
        headers: { 'Content-Type': type },
        body: body.toString('latin1'),
      });
      expect([status, json]).toEqual([200, ['reports/may.csv']]);
      const folder = join(site.app.config.storagePath, 'tenants', id, 'files/reports');
      expect(readdirSync(folder)).toEqual(['may.csv']);
    }
    await site.app.http().settled();
    expect(readdirSync(site.app.config.app.http.uploads.folder)).toEqual([]);
  } finally {
    await site.close();
  }
});
