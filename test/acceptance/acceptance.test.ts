import { story } from './story.js';

story(true);
