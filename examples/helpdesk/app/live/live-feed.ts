import { setTimeout as pause } from 'node:timers/promises';
import { injectable, type ServerEvent } from 'trilite';
import { Accounts } from '../accounts/accounts';
import { Imports } from '../imports/imports';
import { Activities } from '../tickets/activities';
import { TicketCounts } from '../tickets/ticket-counts';

/** Activities come from web servers, imports from workers: the file is what all of them share. A look is a few reads by an index. */
const LOOK_EVERY_MS = 500;

/** What one browser knows. */
interface Seen {
  /** The last activity. */
  activityId: number;
  /** Of everything else the last state, as text. */
  readonly states: Map<string, string>;
  /** Imports that it is told of until they have ended. */
  readonly imports: Set<number>;
}

/** What happens at an organisation, as events for a browser. */
@injectable()
export class LiveFeed {
  constructor(
    private readonly accounts: Accounts,
    private readonly activities: Activities,
    private readonly imports: Imports,
    private readonly counts: TicketCounts,
  ) {}

  /**
   * Until the signal aborts, or whom it is for is no agent any more; begins with what came after an activity.
   *
   * @param userId who hears it: looked up each time, for a stream lasts longer than what somebody may see
   */
  async *events(userId: number, after: number, signal: AbortSignal): AsyncGenerator<ServerEvent> {
    const seen: Seen = { activityId: after, states: new Map(), imports: new Set() };
    while ((await this.accounts.find(userId))?.role === 'agent') {
      yield* await this.newActivities(seen);
      yield* await this.newStates(seen);
      await pause(LOOK_EVERY_MS, undefined, { signal });
    }
  }

  private async newActivities(seen: Seen): Promise<ServerEvent[]> {
    const activities = await this.activities.since(seen.activityId);
    seen.activityId = activities.at(-1)?.id ?? seen.activityId;
    return activities.map((activity) => ({ event: 'activity', id: activity.id, data: activity }));
  }

  private async newStates(seen: Seen): Promise<ServerEvent[]> {
    const states: [string, ServerEvent][] = [
      ['counts', { event: 'counts', data: await this.counts.of('all') }],
    ];
    for (const { id } of await this.imports.running()) seen.imports.add(id);
    for (const id of seen.imports) {
      const progress = await this.imports.progress(id);
      if (progress?.isFinished !== false) seen.imports.delete(id);
      // One that was deleted meanwhile has nothing to show
      if (progress === undefined) continue;
      states.push([`import ${id}`, { event: 'import', data: progress }]);
    }
    return states.flatMap(([about, event]) => {
      const state = JSON.stringify(event.data);
      if (seen.states.get(about) === state) return [];
      seen.states.set(about, state);
      return [event];
    });
  }
}
