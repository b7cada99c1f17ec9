/** What users do to the apps of a framework that is killed again and again: they ask until they are answered. */
import type { Random } from '../../random.js';
import { markName, type Reference, type Wanted } from './reference.js';

export interface Answer {
  status: number;
  body: unknown;
}
/** Rejects when no answer comes. */
export type Send = (method: string, path: string, body?: object) => Promise<Answer>;

export interface Operation {
  name: string;
  /** One attempt; throws when no answer came, or one that nobody expects. */
  attempt(send: Send): Promise<void>;
}

const quick = { cmd: 'exec sleep 1000', cpus: 0.2, mem: 16, backoffSeconds: 1, maxLaunchDelaySeconds: 5 };
/** Never one more than there are to be, so that it shows. */
const upgradeStrategy = { minimumHealthCapacity: 0, maximumOverCapacity: 0 };
const ledger = '/demo/ledger';
const plain = '/web';
const group = '/shop';
const inGroup = [`${group}/db`, `${group}/api`] as const;
/** More than any agent has. */
const cpusTooMany = 100;

function bodyOf(appId: string, { instances, mark }: Wanted): object {
  const own = appId === ledger ? { replication: {} } : { upgradeStrategy };
  const needs = appId === inGroup[1] ? { dependencies: [inGroup[0]] } : {};
  return { id: appId, ...quick, ...own, ...needs, instances, env: { [markName]: mark } };
}

export class Operations {
  #marks = 0;

  constructor(
    private readonly reference: Reference,
    private readonly random: Random,
  ) {}

  /** Beginning with what there is. */
  next(): Operation {
    const { wanted } = this.reference;
    const apps = [ledger, plain].filter((id) => wanted.has(id));
    const missing = [ledger, plain].find((id) => !wanted.has(id));
    if (missing !== undefined && this.#chance(0.8)) return this.#put(missing, 'create');
    const all = [
      () => this.#put(this.#one([ledger, plain]), 'upgrade'),
      () => this.#scale(this.#one([ledger, plain])),
      () => this.#putGroup(),
      () => this.#putGroup(),
      ...(apps.length > 0 ? [() => this.#restart(this.#one(apps)), () => this.#rollBack(this.#one(apps))] : []),
      ...(apps.length === 2 && this.#chance(0.3) ? [() => this.#delete(this.#one(apps))] : []),
      ...(wanted.has(inGroup[0]) && this.#chance(0.3) ? [() => this.#deleteGroup()] : []),
    ];
    return this.#one(all)();
  }

  #chance(share: number): boolean {
    return this.random() < share;
  }

  #one<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T;
  }

  #mark = () => `m${++this.#marks}`;
  #count = (appId: string) => (appId === ledger ? this.#one([3, 5]) : this.#one([1, 2, 3, 4]));

  #put(appId: string, name: string): Operation {
    const instances = this.reference.wanted.get(appId)?.instances ?? this.#count(appId);
    return this.#putAs(name, appId, { instances, mark: this.#mark() });
  }

  #scale(appId: string): Operation {
    const mark = this.reference.wanted.get(appId)?.mark ?? this.#mark();
    return this.#putAs('scale', appId, { instances: this.#count(appId), mark });
  }

  #putAs(name: string, appId: string, wanted: Wanted): Operation {
    return this.#becomes(name, { [appId]: wanted }, (send) =>
      send('PUT', `/v2/apps${appId}?force=true`, bodyOf(appId, wanted)),
    );
  }

  #restart(appId: string): Operation {
    const present = this.reference.wanted.get(appId) as Wanted;
    return this.#becomes('restart', { [appId]: present }, (send) =>
      send('POST', `/v2/apps${appId}/restart?force=true`),
    );
  }

  #delete(appId: string): Operation {
    return this.#becomes('delete', { [appId]: null }, (send) => send('DELETE', `/v2/apps${appId}?force=true`), [404]);
  }

  #putGroup(): Operation {
    const changed = this.#chance(0.5);
    const targets = inGroup.map((id): [string, Wanted] => {
      const present = this.reference.wanted.get(id);
      return [id, { instances: this.#count(id), mark: changed || !present ? this.#mark() : present.mark }];
    });
    const body = { id: group, apps: targets.map(([id, wanted]) => bodyOf(id, wanted)) };
    return this.#becomes('group', Object.fromEntries(targets), (send) =>
      send('PUT', `/v2/groups${group}?force=true`, body),
    );
  }

  #deleteGroup(): Operation {
    const targets = Object.fromEntries(inGroup.map((id) => [id, null]));
    return this.#becomes('delete group', targets, (send) => send('DELETE', `/v2/groups${group}?force=true`), [404]);
  }

  /** `welcome`: answers beside the good ones, of somebody who asks again. */
  #becomes(
    name: string,
    targets: Record<string, Wanted | null>,
    request: (send: Send) => Promise<Answer>,
    welcome: number[] = [],
  ): Operation {
    const list = Object.entries(targets);
    let asked = false;
    return {
      name: `${name} ${list.map(([id, wanted]) => `${id}${wanted ? ` (${wanted.instances}, ${wanted.mark})` : ''}`)}`,
      attempt: async (send) => {
        if (!asked) for (const [id, wanted] of list) this.reference.ask(id, wanted);
        asked = true;
        requireGood(await request(send), welcome);
        for (const [id, wanted] of list) this.reference.answered(id, wanted);
      },
    };
  }

  /** A change that cannot be had, taken back by its deployment's end. */
  #rollBack(appId: string): Operation {
    const before = this.reference.wanted.get(appId) as Wanted;
    const vain = { instances: before.instances, mark: this.#mark() };
    let asked: 'not yet' | 'in vain' | 'back' = 'not yet';
    return {
      name: `roll back ${appId}`,
      attempt: async (send) => {
        if (asked === 'not yet') this.reference.ask(appId, vain);
        // Asked for twice, it would be taken back to what the first had made.
        const isThere = asked === 'in vain' && (await deploymentInVain(send, appId, vain.mark)) !== null;
        if (asked !== 'back' && !isThere) {
          asked = 'in vain';
          const body = { ...bodyOf(appId, vain), cpus: cpusTooMany };
          requireGood(await send('PUT', `/v2/apps${appId}?force=true`, body), []);
          asked = 'back';
        }
        const deploymentId = await deploymentInVain(send, appId, vain.mark);
        if (deploymentId !== null) requireGood(await send('DELETE', `/v2/deployments/${deploymentId}`), [404]);
        this.reference.answered(appId, before);
      },
    };
  }
}

/** The deployment that goes on for ever; null: it has been taken back, though no answer said so. */
async function deploymentInVain(send: Send, appId: string, mark: string): Promise<string | null> {
  const { status, body } = await send('GET', `/v2/apps${appId}`);
  requireGood({ status, body }, []);
  const { app } = body as { app: { env: Record<string, string>; deployments: { id: string }[] } };
  return app.env[markName] === mark ? (app.deployments[0]?.id ?? null) : null;
}

function requireGood({ status, body }: Answer, welcome: number[]): void {
  if ((status >= 200 && status < 300) || welcome.includes(status)) return;
  throw new Unexpected(`HTTP ${status}: ${JSON.stringify(body).slice(0, 500)}`);
}

/** An answer that no user should get. */
export class Unexpected extends Error {}
