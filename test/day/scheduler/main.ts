/** The program that lives through a day of the scheduler; it says what it reads, as `../told.ts` wants it. */
import { below, randomFrom } from '../../random.js';
import type { SchedulerOptions } from '../scheduler.js';
import { SchedulerDay } from './life.js';

const { minutes, roundsBefore, hourly, seed } = JSON.parse(process.argv[2] as string) as SchedulerOptions;
const say = (line: object) => console.log(JSON.stringify(line));

const day = new SchedulerDay(below(randomFrom(seed)), say);
let failure = '';
try {
  day.warmUp(roundsBefore);
  await day.through(minutes * 60_000, hourly);
} catch (error) {
  failure = (error as Error).stack ?? String(error);
}
say({ failure, ...day.facts });
