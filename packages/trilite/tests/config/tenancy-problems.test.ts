import { createApplication } from '../../src/application';
import { newAppKey } from '../../src/support/app-key';
import { createProject, exportDefault } from '../helpers/project';

async function problemsOf(identification: string, app = '{}'): Promise<string> {
  const project = createProject({
    'config/app.js': exportDefault(app),
    'config/tenancy.js': exportDefault(`{ mode: 'files', identification: ${identification} }`),
  });
  try {
    const application = await createApplication({ basePath: project.path });
    await application.close();
    return '';
  } catch (error) {
    return String(error);
  } finally {
    project.remove();
  }
}

test.each([
  ['subdomains of no domain', "{ chain: ['subdomain'] }", 'identification.baseDomain'],
  ['tokens without a key', "{ chain: ['token'] }", 'key'],
  ['a source that is not known', "{ chain: ['session'] }", 'identification.chain'],
  ['a base domain with a port', "{ baseDomain: 'site.com:80' }", 'identification.baseDomain'],
  ['a central host that is an address', "{ centralDomains: ['https://a'] }", 'centralDomains'],
  ['a path that begins with nothing', "{ path: 't' }", 'identification.path'],
  ['a path that ends in a slash', "{ path: '/t/' }", 'identification.path'],
  ['a header with a space', "{ header: 'X Tenant' }", 'identification.header'],
])('%s are refused at boot', async (_what, identification, key) => {
  expect(await problemsOf(identification)).toContain(key);
});

test('what goes together is taken', async () => {
  const all = "{ chain: ['token', 'subdomain', 'path'], baseDomain: 'Site.COM', path: '/org/t' }";
  expect(await problemsOf(all, `{ key: '${newAppKey()}' }`)).toBe('');
});
