/** `images.*`: the VDI images and templates that platforms offer, in the console that the session works in. */
import type { ImageService } from '../../images/image-service.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export function imagesHandlers({ images }: { images: ImageService }): Handlers<AreaCommands<'images'>> {
  return {
    'images.list': (query, { scope }) => images.list(query, scope),
    'images.show': ({ id }, { scope }) => images.show(id, scope),
    'images.check': async ({ id }, { scope, signal }) => ({ findings: await images.check(id, scope, signal) }),
    'images.setAttributes': async (input, { scope }) => ({ results: await images.setAttributes(input, scope) }),
    'images.setCredentials': (input, { scope }) => images.setCredentials(input, scope),
    'images.clearCredentials': (input, { scope }) => images.clearCredentials(input, scope),
  };
}
