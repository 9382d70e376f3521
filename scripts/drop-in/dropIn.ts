import { realpath } from 'node:fs/promises'
import { Checkout } from './checkout'
import { checksOf, requiredFields } from './checks'
import { HALVES, plan } from './halves'
import { putBack, putIn, reasonAgainst } from './swap'

/**
 * Puts both halves of the destination into a checkout of action-destinations, runs its checks on them, prints what each says, and
 * puts the checkout back as it was, whatever happens.
 *
 * @param folder the root of the checkout, installed and built
 * @param signal stops the checks
 * @param print takes a line
 * @returns the exit status: 1 if a check fails, 2 if the checkout cannot take the destination
 */
export async function dropIn(folder: string, signal: AbortSignal, print: (line: string) => void): Promise<number> {
  const root = await realpath(folder).catch(() => folder)
  const checkout = new Checkout(root, signal)
  // What puts it back is not to be stopped.
  const steady = new Checkout(root, new AbortController().signal)
  if (await putBack(steady)) print('A run before this one was cut short; the checkout is put back as it was.')
  const reason = await reasonAgainst(checkout)
  if (reason !== undefined) {
    print(reason)
    return 2
  }
  const plans = []
  const before = []
  for (const half of HALVES) {
    const planned = await plan(half, checkout.root)
    print(`${half.source} goes to ${half.folder}: ${planned.files.size} files.`)
    for (const { file, why } of planned.leftBehind) print(`  ${file} stays here: ${why}.`)
    plans.push(planned)
    before.push(await requiredFields(checkout, half))
  }
  let failures = 0
  try {
    await putIn(checkout, plans)
    for (const { name, run } of checksOf(checkout, plans, before)) {
      const { passed, text } = await run().catch((error: unknown) => {
        signal.throwIfAborted()
        return { passed: false, text: error instanceof Error ? error.message : String(error) }
      })
      print(passed ? `✔ ${name}: ${text}` : `✖ ${name}\n${text.replace(/^/gm, '    ')}`)
      if (!passed) failures++
    }
  } finally {
    await putBack(steady)
    print('The checkout is put back as it was.')
  }
  print(
    failures === 0 ? 'Every check of action-destinations passes, for both halves.' : `Checks that fail: ${failures}.`
  )
  return failures === 0 ? 0 : 1
}
