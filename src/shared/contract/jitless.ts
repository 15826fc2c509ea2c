/** Imported first wherever schemas are parsed: zod must not build parsers with `eval`, the CSP forbids it. */
import { z } from 'zod';

z.config({ jitless: true });
