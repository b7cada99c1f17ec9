import { join } from 'node:path';
import { story } from '../acceptance/story.js';
import { box, VagrantCluster } from './cluster.js';

story({
  start: async () => new VagrantCluster(join(box(), 'key')),
  brief: false,
  slowness: 5,
  executorStartMaxSeconds: 120,
});
