import type { AppJson } from './app-json.js';
import type { Output } from './output.js';
import { green, red, yellow } from './terminal/colour.js';

/** Of an app with health checks: how many tasks pass them, and what those say that do not. */
export function showHealth(output: Output, app: AppJson): void {
  if (app.healthChecks === undefined) return;
  const { tasksHealthy: healthy, tasksUnhealthy: unhealthy, tasksRunning } = app;
  const unknown = Math.max(0, tasksRunning - healthy - unhealthy);
  const parts = [
    green(`${healthy} healthy`),
    ...(unhealthy > 0 ? [red(`${unhealthy} unhealthy`)] : []),
    ...(unknown > 0 ? [yellow(`${unknown} not known yet`)] : []),
  ];
  output.line(`  health: ${parts.join(', ')}`);
  for (const { id, healthCheckResults = [] } of app.tasks)
    for (const { alive, consecutiveFailures: failures, lastFailureCause } of healthCheckResults)
      if (!alive) output.line(`    ${id}: ${failures} failures in a row: ${lastFailureCause}`);
}
