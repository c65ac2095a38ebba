import request from 'supertest';
import { signed, UrlGenerator, type RouteFile } from 'trilite';
import { createTestApplication, travelTo, type TestApplication } from 'trilite/testing';
import { newAppKey } from '../../../src/support/app-key';
import { errorWith } from '../../helpers/errors';
import { createProject, exportDefault, type TestProject } from '../../helpers/project';

const KEY = newAppKey();
let project: TestProject;
let app: TestApplication;

afterEach(async () => {
  await app.close();
  project.remove();
});

const routes: RouteFile = (route) => {
  route
    .get('/unsubscribe/:user', (given) => given.param('user'))
    .name('unsubscribe')
    .middleware(signed);
};

const pathOf = (address: string): string => address.replace('https://example.com', '');

async function open(files: Readonly<Record<string, string>> = {}): Promise<void> {
  project = createProject({
    'config/app.js': exportDefault(`{ key: '${KEY}', url: 'https://example.com' }`),
    ...files,
  });
  app = await createTestApplication({ basePath: project.path, routes });
}

async function serve(files?: Readonly<Record<string, string>>) {
  await open(files);
  return request(app.http().handler);
}

test('a signed address lets in, in whatever order its parameters come', async () => {
  const client = await serve();
  const address = app.make(UrlGenerator).signedUrl('unsubscribe', { user: 7, from: 'a b&c' });
  expect(address).toMatch(/^https:\/\/example\.com\/unsubscribe\/7\?from=/);
  await client.get(pathOf(address)).expect(200, '7');
  const [path, query = ''] = pathOf(address).split('?');
  await client.get(`${path}?${query.split('&').reverse().join('&')}`).expect(200);
});

test('one that was altered, or never signed, is refused', async () => {
  const client = await serve();
  const path = pathOf(app.make(UrlGenerator).signedUrl('unsubscribe', { user: 7, page: 1 }));
  const altered = [
    '/unsubscribe/7',
    path.replace('/7', '/8'),
    path.replace('page=1', 'page=2'),
    `${path}&more=1`,
    `${path}&signature=x`,
    path.replace(/signature=.*/, 'signature='),
    path.replace('?page=1&', '?'),
  ];
  for (const one of altered) {
    const { status } = await client.get(one);
    expect([one, status]).toEqual([one, 403]);
  }
});

test('it is good for as long as was said', async () => {
  const client = await serve();
  const urls = app.make(UrlGenerator);
  const path = pathOf(urls.signedUrl('unsubscribe', { user: 7 }, { expiresIn: '10m' }));
  await client.get(path).expect(200);
  await client.get(path.replace(/expires=\d+/, 'expires=99999999999')).expect(403);
  travelTo(Date.now() + 601_000);
  await client.get(path).expect(403);
});

test('one that a previous key signed is good until it ends', async () => {
  await open();
  const path = pathOf(app.make(UrlGenerator).signedUrl('unsubscribe', { user: 7 }));
  await app.close();
  project.remove();
  const rotated = `{ key: '${newAppKey()}', previousKeys: ['${newAppKey()}', '${KEY}'] }`;
  const client = await serve({ 'config/app.js': exportDefault(rotated) });
  await client.get(path).expect(200);
  await client.get(path.replace('/7', '/8')).expect(403);
});

test('signing needs a key', async () => {
  await open({ 'config/app.js': exportDefault('{}') });
  expect(() => app.make(UrlGenerator).signedUrl('unsubscribe', { user: 1 })).toThrow(
    errorWith('E_APP_KEY_MISSING'),
  );
});
