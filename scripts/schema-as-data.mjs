import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('../dist/config/schema-leaves.js', import.meta.url));
const call = "z.toJSONSchema(experimentSchema, { io: 'input' })";

/**
 * What JSON Schema says of the experiment file is made from zod's schema, which takes longer than all the rest of loading one:
 * the bundles have it as data, made by the build from the modules that it has just compiled.
 */
export const schemaAsData = {
  name: 'schema-as-data',
  transform: async (code, id) => {
    if (id !== path) return null;
    if (!code.includes(call)) throw new Error(`${path}: it does not call ${call} any more, which is to be replaced`);
    const { experimentJsonSchema } = await import(new URL('../dist/config/schema-leaves.js', import.meta.url).href);
    const text = JSON.stringify(JSON.stringify(experimentJsonSchema()));
    return code.replace(call, () => `JSON.parse(${text})`);
  },
};
