import { story } from './story.js';

story(false);
