/** What operators ask for meanwhile. A refusal is an answer, too, but no strike; what must be taken back is asked for until it is. */
import { until } from '../../e2e/system.js';
import { groups } from '../apps.js';
import type { Arena, Begin, Struck } from './arena.js';

const takenBackMaxMs = 90_000;

/** 0: nobody answers. */
async function ask({ cluster }: Arena, method: string, path: string, body?: object): Promise<number> {
  try {
    return (await cluster.api.request(method, path, body)).status;
  } catch {
    return 0;
  }
}

/** @param status 0: nobody has answered */
function asked(target: string, status: number): Struck {
  const answer = `answered ${status || 'not at all'}`;
  const isAccepted = status >= 200 && status < 300;
  return { target: `${target}, ${answer}`, ...(!isAccepted && { missed: answer }) };
}

/** On one of the groups. */
function changing(of: (id: string, pick: number) => [method: string, path: string, body?: object]): Begin {
  return async (arena, pick): Promise<Struck> => {
    const { id } = arena.pick(groups, pick, 'group');
    arena.requireSteady(id);
    const status = await ask(arena, ...of(`/v2/apps${id}`, Math.floor(pick / groups.length)));
    return asked(id, status);
  };
}

async function scaleGroup(arena: Arena, pick: number): Promise<Struck> {
  const { id } = arena.pick(groups, pick, 'group');
  const release = arena.hold(`size of ${id}`);
  const status = await ask(arena, 'PATCH', `/v2/apps${id}`, { instances: 5 });
  return {
    ...asked(`${id} to 5`, status),
    end: async () => {
      const backAgain = () => ask(arena, 'PATCH', `/v2/apps${id}?force=true`, { instances: 3 });
      await until(`${id} is scaled back`, takenBackMaxMs, async () => (await backAgain()) === 200);
      await release();
    },
  };
}

async function scalePlain(arena: Arena, pick: number): Promise<Struck> {
  const instances = 1 + (pick % 6);
  const status = await ask(arena, 'PATCH', '/v2/apps/chaos/plain?force=true', { instances });
  return asked(`/chaos/plain to ${instances}`, status);
}

async function drain(arena: Arena, pick: number): Promise<Struck> {
  const hostname = arena.pick(arena.cluster.agents, pick, 'agent');
  const release = arena.hold(`drain of ${hostname}`);
  const path = `/v2/placement/drain?agent=${hostname}`;
  const status = await ask(arena, 'POST', path);
  return {
    ...asked(hostname, status),
    end: async () => {
      const isOver = async () => [200, 404].includes(await ask(arena, 'DELETE', path));
      await until(`the drain of ${hostname} is ended`, takenBackMaxMs, isOver);
      await release();
    },
  };
}

export const churnStrikes = {
  'transfer-leadership': changing((path) => ['POST', `${path}/leader`, {}]),
  'restart-group': changing((path) => ['POST', `${path}/restart`]),
  'upgrade-group': changing((path, pick) => ['PATCH', path, { env: { ROUND: `${pick}` } }]),
  'scale-group': scaleGroup,
  'scale-plain': scalePlain,
  'upgrade-kept': async (arena, pick) => {
    const status = await ask(arena, 'PATCH', '/v2/apps/chaos/kept', { env: { ROUND: `${pick}` } });
    return asked('/chaos/kept', status);
  },
  'drain-agent': drain,
} satisfies Record<string, Begin>;
