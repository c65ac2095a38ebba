import { MailTransport, type Mail, type MemoryTransport } from '../app/mail/mail-transport';
import { SendNotification } from '../app/jobs/send-notification';
import { QueueDispatcher } from 'trilite';
import { travel, travelBack, travelTo } from 'trilite/testing';
import { openSite, type Site } from './support/site';

let site: Site;

beforeEach(async () => {
  site = await openSite();
});

afterEach(async () => {
  travelBack();
  await site.app.close();
});

const printer = { subject: 'The printer is on fire', body: 'Since noon.', priority: 'urgent' };
const sent = () => (site.app.make(MailTransport) as MemoryTransport).sent;

test('agents are told of a new ticket, and its customer of an answer', async () => {
  const customer = await site.as('customer');
  const agent = await site.as('agent');
  await customer.client.form('/tickets', printer);
  await site.app.runJobs();
  expect(sent()).toMatchObject([{ to: agent.user.email, subject: `New: #1 ${printer.subject}` }]);
  expect(sent()[0]?.text).toMatch(/^Since noon\.\n\nhttp:\/\/acme\.localhost(:\d+)?\/tickets\/1$/);

  await agent.client.form('/tickets/1/comments', { body: 'Did you try water?' });
  await site.app.runJobs();
  expect(sent()).toHaveLength(2);
  expect(sent()[1]).toMatchObject({
    to: customer.user.email,
    subject: `Re: #1 ${printer.subject}`,
  });
  expect(sent()[1]?.text).toContain('Did you try water?');
});

test('a mail is sent once, whoever has it dispatched again', async () => {
  const { user } = await site.as('agent');
  const { client } = await site.as('customer');
  await client.form('/tickets', printer);
  const again = { about: 'opened', ticketId: 1, commentId: 0, userId: user.id } as const;
  const dispatch = () =>
    site.app.tenancy.run(site.acme, () =>
      site.app.make(QueueDispatcher).dispatch(SendNotification, again),
    );
  expect((await dispatch()).outcome).toBe('duplicate');
  await site.app.runJobs();
  await dispatch();
  await site.app.runJobs();
  expect(sent()).toHaveLength(1);
});

test('a mail that could not be sent is sent later', async () => {
  travelTo(new Date('2026-01-01T12:00:00Z'));
  await site.as('agent');
  const { client } = await site.as('customer');
  await client.form('/tickets', printer);
  const transport = site.app.make(MailTransport);
  const send = jest.spyOn(transport, 'send').mockRejectedValueOnce(new Error('No route to host'));
  await site.app.runJobs();
  expect(send).toHaveBeenCalledTimes(1);
  expect(sent()).toEqual<Mail[]>([]);
  travel('10s');
  await site.app.runJobs();
  expect(sent()).toHaveLength(1);
});
