import { defineConsoleKernel } from 'trilite';

// Commands in app/console/commands are found by themselves; list here those that packages bring.
export default defineConsoleKernel({ commands: [] });
