import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, appPath } from './api-client.js';
import type { AppJson } from './app-json.js';
import { EXIT, Failure } from './failure.js';
import { dim, type Output } from './output.js';
import { firstLine } from './show.js';

interface Deployment {
  id: string;
  affectedApps: string[];
  version: string;
  currentStep: number;
  totalSteps: number;
  currentActions: { action: string; app?: string }[];
  waitingFor: string | null;
}

const POLL_INTERVAL_MS = 250;

/**
 * Resolves when the deployment has ended. `tell` gets a sentence each time it moves or waits for something else.
 * Throws a Failure with EXIT.timedOut; the deployment goes on then.
 */
export async function waitForDeployment(
  api: ApiClient,
  deploymentId: string,
  timeoutSeconds: number,
  tell: (sentence: string) => void,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutSeconds * 1000;
  let told = '';
  for (;;) {
    const deployment = await api.find<Deployment>(`/v2/deployments/${encodeURIComponent(deploymentId)}`);
    if (deployment === null) return;
    const sentence = describe(deployment) + (await latestFailure(api, deployment));
    if (withoutCountdown(sentence) !== told) tell(sentence);
    told = withoutCountdown(sentence);
    if (performance.now() > deadlineMs) throw timedOut(deployment, sentence, timeoutSeconds);
    await sleep(POLL_INTERVAL_MS);
  }
}

/** What failed while this version was being deployed: the usual reason why a deployment does not end. */
async function latestFailure(api: ApiClient, { affectedApps, version }: Deployment): Promise<string> {
  const [appId] = affectedApps;
  const answer = appId === undefined ? null : await api.find<{ app: AppJson }>(appPath(appId));
  const failure = answer?.app.lastTaskFailure;
  return failure?.version === version ? `; last failure: ${failure.state} ${firstLine(failure.message)}` : '';
}

/** Seconds that pass are no news. */
function withoutCountdown(sentence: string): string {
  return sentence.replaceAll(/\b\d+ s\b/g, '');
}

/** For commands: waits with a line per change, unless the user does not want to wait. */
export async function followDeployment(
  api: ApiClient,
  output: Output,
  deploymentId: string | undefined,
  options: { detach?: boolean; timeout: number },
): Promise<'ended' | 'running'> {
  if (deploymentId === undefined) return 'ended';
  if (options.detach) {
    output.line(`Deployment ${deploymentId} goes on. See it with: npx gaia deployment list`);
    return 'running';
  }
  await waitForDeployment(api, deploymentId, options.timeout, (sentence) => output.line(dim(`  ${sentence}`)));
  return 'ended';
}

/** What a deployment waits for names the app already. */
function describe({ currentStep, totalSteps, currentActions, waitingFor }: Deployment): string {
  const actions = [...new Set(currentActions.map(({ action }) => action))].join(', ');
  const apps = currentActions.map(({ app }) => app ?? '').join(', ');
  return `step ${currentStep} of ${totalSteps}: ${actions} – ${waitingFor ?? apps}`;
}

function timedOut(deployment: Deployment, sentence: string, timeoutSeconds: number): Failure {
  const message = `Deployment ${deployment.id} has not ended after ${timeoutSeconds} s: ${sentence}`;
  const remedy =
    `It goes on. Wait longer with --timeout SECONDS, see more with "npx gaia app show ${deployment.affectedApps[0] ?? 'ID'}", ` +
    `or take it back with "npx gaia deployment cancel ${deployment.id}".`;
  return new Failure(EXIT.timedOut, message, remedy, { deploymentId: deployment.id });
}
