import { Cluster } from './cluster.js';
import { story } from './story.js';

story({ start: () => Cluster.start(), brief: true });
