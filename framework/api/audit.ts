/** Who has asked for which change, and what came of it: one line of the log each. */
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
const URL_CHARACTERS_MAX = 1024;

/** Refused requests are told, too. Bodies are not: they may have secrets in them. */
export function installAudit(api: FastifyInstance): void {
  api.addHook('onResponse', async (request, reply) => {
    const { method, url, ip, user, change, headers } = request;
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return;
    const asked = { user: user?.name ?? null, address: ip, via: headers['x-marathon-via'] ?? null, method };
    const { statusCode: status } = reply;
    const deploymentId = reply.getHeader('Marathon-Deployment-Id') ?? null;
    const result = { status, deploymentId, change: change ?? null };
    request.log.info({ ...asked, url: url.slice(0, URL_CHARACTERS_MAX), ...result }, 'audit');
  });
}

export function changeTold(command: Command): ChangeTold {
  const subjects = subjectsOf(command);
  return { type: command.type, subjects: subjects.slice(0, SUBJECTS_MAX), subjectsTotal: subjects.length };
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
