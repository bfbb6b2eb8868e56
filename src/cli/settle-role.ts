import { readHostStatus, settleHost } from '#roles/host/settling.ts'
import { readPublisherStatus, settlePublisher } from '#roles/publisher/settling.ts'
import { formatPti } from '#std/amount.ts'
import type { CommandContext } from './context.ts'
import { hostConfigFrom, publisherConfigFrom } from './role-config.ts'
import type { ServingRole } from './role-folder.ts'
import { openRoleStore, type RoleStore } from './role-store.ts'

/** Shows who a role is, what it owns and what it holds. May run beside the daemon. */
export const showRoleStatus = async (context: CommandContext, role: ServingRole): Promise<void> => {
  const { signal } = context.shutdown
  const store = await openRoleStore(context, role)
  const { owner } = store.keys.identity
  const payout = role === 'host' ? (store.config['host.payout'] ?? owner) : owner
  const [balanceWei, etherWei, held] = await Promise.all([
    store.reader.balanceWei(payout, signal),
    store.reader.etherWei(owner, signal),
    role === 'host' ? readHostStatus(store) : readPublisherStatus(store),
  ])
  context.print({ role, account: owner, payout, balanceWei, etherWei, ...held }, [
    `account   ${owner}`,
    ...(payout === owner ? [] : [`paid to   ${payout}`]),
    `balance   ${formatPti(balanceWei)} PTI`,
    `for gas   ${formatPti(etherWei)} ether`,
    ...Object.entries(held).map(([name, count]) => `${name.padEnd(10)}${count}`),
  ])
}

/** Settles whatever pays more than its gas, now. May run beside the daemon. */
export const settleRole = async (context: CommandContext, role: ServingRole): Promise<void> => {
  const store = await openRoleStore(context, role)
  let transaction: string | undefined
  const notice: RoleStore['notice'] = (event, details) => {
    if (event === 'settled') transaction = String(details.transaction)
    store.notice(event, details)
  }
  const { signal } = context.shutdown
  if (role === 'host') {
    const config = hostConfigFrom(store.config, store.keys.address)
    await settleHost({ ...store, config, notice }, true, signal)
  } else {
    await settlePublisher({ ...store, config: publisherConfigFrom(store.config), notice }, true, signal)
  }
  context.print({ transaction: transaction ?? null }, [
    transaction === undefined ? 'There is nothing to settle that pays.' : `Settled by ${transaction}.`,
  ])
}
