/** What an app is like in a word and how bad that is, and which apps a search finds. */
import type { AppRow } from './rows.js';
import { searchFor } from './search.js';

/** `good`: nothing to do; `busy`: it is being seen to; `bad`: somebody should look; `idle`: nothing is wanted. */
export type Tone = 'good' | 'busy' | 'bad' | 'idle';

export interface StateWord {
  tone: Tone;
  word: string;
  /** What it means, for who does not know. */
  sentence: string;
}

const groupWords: Record<NonNullable<AppRow['group']>['state'], StateWord> = {
  forming: { tone: 'busy', word: 'forming', sentence: 'no leader yet' },
  whole: { tone: 'good', word: 'whole', sentence: 'all replicas are there' },
  degraded: { tone: 'busy', word: 'degraded', sentence: 'a majority serves, a replica is missing' },
  noQuorum: { tone: 'bad', word: 'no quorum', sentence: 'a majority of the replicas is not known to be alive' },
  lost: { tone: 'bad', word: 'lost', sentence: 'a majority of the replicas has ended, their state is gone' },
};

export function stateOf(app: AppRow): StateWord {
  if (app.deleting) return { tone: 'busy', word: 'stopping', sentence: 'its tasks are stopped, then it is forgotten' };
  if (app.diverged) return { tone: 'bad', word: 'diverged', sentence: "a replica's output differs from the others'" };
  if (app.group !== null) return groupWords[app.group.state];
  if (app.instances === 0) return { tone: 'idle', word: 'suspended', sentence: 'no instances are wanted' };
  if (app.tasksUnhealthy > 0)
    return { tone: 'bad', word: 'unhealthy', sentence: `${app.tasksUnhealthy} tasks fail their health checks` };
  if (app.tasksRunning >= app.instances) return { tone: 'good', word: 'running', sentence: 'all instances run' };
  const missing = app.instances - app.tasksRunning;
  return { tone: 'busy', word: 'incomplete', sentence: `${missing} of ${app.instances} instances do not run` };
}

const badness: Record<Tone, number> = { bad: 0, busy: 1, good: 2, idle: 2 };

/** The worst first, then by id. `search`: words that the id or the state must all have. */
export function listed(apps: Iterable<AppRow>, search: string): AppRow[] {
  const matches = searchFor(search);
  const found: [number, AppRow][] = [];
  for (const app of apps) {
    const { tone, word } = stateOf(app);
    const text = `${app.id} ${word}${app.deploymentIds.length > 0 ? ' deploying' : ''}`;
    if (matches === null || matches(text)) found.push([badness[tone], app]);
  }
  return found.sort(([a, one], [b, other]) => a - b || (one.id < other.id ? -1 : 1)).map(([, app]) => app);
}
