// tsyringe asks for this polyfill when it is loaded, and decorators when a class is defined: both come through here.
import 'reflect-metadata';

export { inject, injectable } from 'tsyringe';
