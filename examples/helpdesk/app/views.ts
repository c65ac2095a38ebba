import { defineViews, html, type Request } from 'trilite';
import { PRIORITIES, STATUSES } from './tickets/ticket';

/** What every view has, beside what its controller gives it. */
export default defineViews({
  helpers: {
    /** A moment, by UTC. */
    time: (ms: number) => {
      const text = new Date(ms).toISOString();
      return html`<time datetime="${text}">${text.slice(0, 16).replace('T', ' ')}</time>`;
    },
    kilobytes: (bytes: number) => `${Math.ceil(bytes / 1024)} KB`,
  },
  shared: ({ tenant, user }: Request) => ({
    organisation: tenant,
    user,
    isAgent: user?.role === 'agent',
    STATUSES,
    PRIORITIES,
  }),
});
