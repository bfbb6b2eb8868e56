import fc from 'fast-check'
import { expect, it } from 'vitest'
import { leaves, sizeOf } from './market.ts'
import { PaidExchange } from './paid-exchange.ts'

/**
 * Random interleavings of parallel answers, cancels, lost connections, slow disks and restarts of either side, over
 * the machines that really run. However it goes, nobody loses more than docs/ARCHITECTURE.md says, nobody says what
 * it has not written down, and when all works again the film arrives to its last byte.
 */
const runs = Number(process.env.FC_NUM_RUNS ?? 1_000)

type Act = (exchange: PaidExchange) => void | Promise<void>

const which = fc.nat(7)
const some = <T>(
  weight: number,
  arbitrary: fc.Arbitrary<T>,
  name: string,
  act: (exchange: PaidExchange, chosen: T) => void | Promise<void>,
) => ({
  weight,
  arbitrary: arbitrary.map(chosen =>
    Object.assign((exchange: PaidExchange) => act(exchange, chosen), {
      [fc.toStringMethod]: () => `${name} ${JSON.stringify(chosen)}`,
    }),
  ),
})
const act: fc.Arbitrary<Act> = fc.oneof(
  some(3, fc.integer({ min: 1, max: 8 }), 'ask', (exchange, count) => exchange.ask(count)),
  some(14, which, 'send', (exchange, at) => exchange.send(at)),
  some(14, which, 'arrive', (exchange, at) => exchange.arrive(at)),
  some(8, fc.constantFrom('viewer', 'host'), 'deliver', (exchange, from) => exchange.deliver(from)),
  some(4, fc.constant(''), 'viewer writes', exchange => exchange.viewerDisk.land()),
  some(4, fc.constant(''), 'host writes', exchange => exchange.hostDisk.land()),
  some(2, fc.constant(''), 'connect', exchange => exchange.connect()),
  some(1, fc.constant(''), 'flush', exchange => exchange.flush()),
  some(1, which, 'cancel', (exchange, at) => exchange.cancel(at)),
  some(1, fc.constant(''), 'cut', exchange => exchange.cut()),
  some(1, fc.tuple(fc.nat(3), fc.boolean()), 'viewer dies', (exchange, [landed, unnoted]) =>
    exchange.crashViewer(landed, unnoted),
  ),
  some(1, fc.nat(3), 'host dies', (exchange, landed) => exchange.crashHost(landed)),
)

/** Lets all that was promised be done, as far as nothing of the model has to happen first. */
const settle = () => new Promise(resolve => setImmediate(resolve))

const expectGood = (exchange: PaidExchange): void => {
  const wrong = exchange.check()
  if (wrong !== undefined) throw new Error(wrong)
}

/** Everything works from now on: until nothing moves any more. */
const finish = async (exchange: PaidExchange): Promise<void> => {
  // A round may do no more than open the exchange; one that comes after it and changes nothing is the last.
  for (let still = 0; still < 3; ) {
    const before = fingerprint(exchange)
    exchange.connect()
    exchange.ask(leaves.length)
    for (let at = 0; at < 8; at++) exchange.send(at)
    for (let at = 0; at < 8; at++) exchange.arrive(at)
    do {
      exchange.viewerDisk.land()
      exchange.hostDisk.land()
      exchange.deliver('viewer')
      exchange.deliver('host')
      await settle()
      expectGood(exchange)
    } while (!exchange.viewerDisk.isQuiet || !exchange.hostDisk.isQuiet || !exchange.isTalked)
    still = fingerprint(exchange) === before ? still + 1 : 0
  }
}

const fingerprint = ({ kept, hostBytes, viewerBytes, account, answers }: PaidExchange): string =>
  [
    kept.size,
    hostBytes,
    viewerBytes,
    account.gate.outstandingBytes,
    ...[...answers].map(({ sent }) => sent),
  ].join()

it('never lets either side lose more than it may, and ends with the whole film, whatever happened on the way', async () => {
  let whole = 0
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 40, maxLength: 200 }), async acts => {
      const exchange = await PaidExchange.begin()
      try {
        for (const act of acts) {
          await act(exchange)
          await settle()
          expectGood(exchange)
        }
        await finish(exchange)
        const { gate } = exchange.account
        // All that was counted is signed, and where it was signed for it has arrived.
        exchange.flush()
        await finish(exchange)
        expect(exchange.hostBytes).toBe(exchange.link.countedBytes)
        expect(exchange.viewerBytes).toBe(exchange.link.countedBytes)
        // The host holds against the viewer only what is really lost; who waits, waits for that alone.
        expect(gate.outstandingBytes).toBeLessThanOrEqual(exchange.lostBytes)
        if (gate.outstandingBytes < gate.creditBytes) {
          whole++
          expect(exchange.kept.size).toBe(leaves.length)
          expect(exchange.hostBytes).toBeGreaterThanOrEqual(sizeOf(leaves) - exchange.lostBytes)
        }
      } finally {
        await exchange.end()
      }
    }),
    { numRuns: runs },
  )
  // A shut window is the exception: it takes many deaths before the first receipts.
  expect(whole).toBeGreaterThan(runs * 0.9)
})
