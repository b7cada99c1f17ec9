/** The thread that makes plans: one job after another, one answer each. */
import { parentPort } from 'node:worker_threads';
import { carryOut, type PlanJob } from './planning.js';

parentPort?.on('message', (job: PlanJob) => parentPort?.postMessage(answerTo(job)));

function answerTo(job: PlanJob): { plan: object } | { error: string } {
  try {
    return { plan: carryOut(job) };
  } catch (error) {
    return { error: String((error as Error).stack) };
  }
}
