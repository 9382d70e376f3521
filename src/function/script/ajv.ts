// In place of ajv, which makes functions of text: the validators that ajv wrote when the script was built.
import { formats } from './formats'

interface Validate {
  (data: unknown): boolean
  errors?: unknown[] | null
}

// Not before the framework has added its formats.
declare const require: (name: 'heap-function:validators') => Record<string, Validate>

export default class Ajv {
  addFormat(name: string, format: unknown): this {
    formats[name] = format
    return this
  }

  getSchema(key: string): Validate {
    const validators = require('heap-function:validators')
    return validators[key]
  }
}
