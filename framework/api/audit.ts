/** Who has asked for which change, and what came of it: one line each, in the log and, of those who are known, in a file. */
import type { FastifyInstance } from 'fastify';
import type { Command } from '../service.js';

/** What the framework was told to do. */
export interface ChangeTold {
  type: Command['type'];
  /** Of apps, groups, tasks, deployments: the first of them. */
  subjects: string[];
  subjectsTotal: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Absent: the request came to no change. */
    change?: ChangeTold;
  }
}

const SUBJECTS_MAX = 20;
const SUBJECT_CHARACTERS_MAX = 256;
const URL_CHARACTERS_MAX = 1024;

/**
 * Refused requests are told, too; to `keep` not those of strangers, who could wash away all that is kept. Bodies are not told: they may have
 * secrets in them. It is told before the answer: a client that hangs up gets none, and its change is carried out.
 */
export function installAudit(api: FastifyInstance, now: () => number, keep: (record: object) => void): void {
  api.addHook('onSend', async (request, reply) => {
    const { method, url, ip, user, change, headers, id: requestId } = request;
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return;
    const asked = { user: user?.name ?? null, address: ip, via: headers['x-marathon-via'] ?? null, method };
    const { statusCode: status } = reply;
    const deploymentId = reply.getHeader('Marathon-Deployment-Id') ?? null;
    const result = { status, deploymentId, change: change ?? null };
    const record = { ...asked, url: url.slice(0, URL_CHARACTERS_MAX), ...result };
    request.log.info(record, 'audit');
    if (user !== undefined) keep({ time: new Date(now()).toISOString(), requestId, ...record });
  });
}

export function changeTold(command: Command): ChangeTold {
  const subjects = subjectsOf(command);
  const shown = subjects.slice(0, SUBJECTS_MAX).map((subject) => subject.slice(0, SUBJECT_CHARACTERS_MAX));
  return { type: command.type, subjects: shown, subjectsTotal: subjects.length };
}

function subjectsOf(command: Command): string[] {
  switch (command.type) {
    case 'putApps':
      return command.specs.map(({ id }) => id);
    case 'changeTree': {
      const { groupId, specs, groups, removedApps, removedGroups } = command;
      const ids = [...specs, ...groups].map(({ id }) => id);
      return [...new Set([groupId, ...ids, ...removedApps, ...removedGroups])];
    }
    case 'killTasks':
      return command.taskIds;
    case 'cancelDeployment':
      return [command.deploymentId];
    case 'drain':
      return Object.entries(command.wanted).flatMap(([field, values]) => values.map((value) => `${field}=${value}`));
    case 'rebalance':
      return [...new Set(command.moves.map(({ group }) => group))];
    default:
      return [command.appId];
  }
}
