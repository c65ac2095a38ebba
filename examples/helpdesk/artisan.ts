import { runArtisan } from 'trilite/artisan';

void runArtisan(__dirname);
