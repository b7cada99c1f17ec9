import type { AppSpec, HealthCheck } from '../app.js';
import { isReplicatedGuest } from '../replicated-guest.js';
import { isOnAgent } from './health-checks.js';
import { type Problems, show } from './problems.js';

type Judged = Pick<AppSpec, 'healthChecks' | 'check' | 'portDefinitions' | 'container' | 'replication'>;

/** Of one app: each is a connection to every task at every interval. */
const CHECKS_MAX = 10;

/** Rules about `healthChecks`. */
export function checkHealth(app: Judged, problems: Problems): void {
  const checks = app.healthChecks ?? [];
  checks.forEach((check, index) => {
    checkOne(app, check, `/healthChecks(${index})`, problems);
  });
  if (checks.length > CHECKS_MAX)
    problems.add('rule', '/healthChecks', `has ${checks.length} checks; use at most ${CHECKS_MAX}`);
  const onAgent = checks.filter(({ protocol }) => isOnAgent(protocol));
  if (onAgent.length > 1) {
    const remedy = `the checks ${onAgent.map(({ protocol }) => protocol).join(', ')} are all made on the agent; keep one`;
    problems.add('rule', '/healthChecks', 'AppDefinition can contain at most one Mesos health check', remedy);
  }
  if (checks.length > 0 && isReplicatedGuest(app)) {
    const why = 'what fails in a replicated guest fails in its backup, too, and another member mends nothing';
    problems.add('rule', '/healthChecks', `a replicated guest has no health checks: ${why}; remove them`);
  }
}

function checkOne(app: Judged, check: HealthCheck, path: string, problems: Problems): void {
  if (check.protocol !== 'COMMAND') {
    checkPort(app, check, path, problems);
    return;
  }
  if (check.command === undefined)
    problems.add('rule', path, 'protocol is "COMMAND" without a command; give {"command": {"value": "..."}}');
  if (app.container !== null)
    problems.add(
      'rule',
      `${path}/protocol`,
      'protocol is "COMMAND", but an agent runs nothing inside a guest; use TCP or HTTP',
    );
}

/** Rules about `check`. */
export function checkAppCheck(app: Judged, problems: Problems): void {
  const { check } = app;
  if (check === undefined) return;
  const kinds = (['http', 'tcp', 'exec'] as const).filter((kind) => check[kind] !== undefined);
  if (kinds.length !== 1) {
    const given = kinds.length === 0 ? 'none of http, tcp and exec' : kinds.join(' and ');
    problems.add('rule', '/check', `check has ${given}; give one of them`);
  }
  if (check.http) checkPort(app, check.http, '/check/http', problems);
  if (check.tcp) checkPort(app, check.tcp, '/check/tcp', problems);
  if (check.exec && app.container !== null)
    problems.add('rule', '/check/exec', 'an agent runs nothing inside a guest; use tcp or http');
}

/** Without `port` and `portIndex` the app has to have exactly one port. */
function checkPort(
  { portDefinitions }: Judged,
  { port, portIndex }: { port?: number; portIndex?: number },
  path: string,
  problems: Problems,
) {
  const count = portDefinitions.length;
  const isKnown = port !== undefined || (portIndex === undefined ? count === 1 : portIndex < count);
  if (isKnown) return;
  const words = 'Health check port indices must address an element of the ports array or container port mappings.';
  const given = portIndex === undefined ? 'portIndex is missing' : `portIndex is ${show(portIndex)}`;
  const remedy = count === 0 ? 'declare a port' : `give one from 0 to ${count - 1}`;
  problems.add('rule', `${path}/portIndex`, words, `${given} and portDefinitions has ${count} entries; ${remedy}`);
}
