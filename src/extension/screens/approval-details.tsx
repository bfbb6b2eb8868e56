import type { ReactElement, ReactNode } from 'react'
import type { Approval } from '#bridge/provider.ts'
import { formatPti, ptiFromWei } from '#std/amount.ts'
import { shortAddress } from '#ui/short-text.ts'
import { text } from '#ui/texts.ts'

/** From so much on an amount stands for everything. */
const unlimited = 1n << 128n

/** What exactly a yes would mean. */
export function ApprovalDetails({ approval }: { readonly approval: Approval }): ReactElement {
  switch (approval.asks) {
    case 'connect':
      return (
        <ul className="says">
          <li>{text('connectSees')}</li>
          <li>{text('connectAsks')}</li>
          <li>{text('connectNever')}</li>
        </ul>
      )
    case 'allow':
      return (
        <ul className="says">
          {approval.what === 'paratii_ipfs' ? (
            <>
              <li>{text('readSays')}</li>
              <li>{text('readFrom')}</li>
              <li>{text('readNever')}</li>
            </>
          ) : (
            <>
              <li>{text('controlSays')}</li>
              <li>{text('controlNever')}</li>
            </>
          )}
        </ul>
      )
    case 'message':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must be able to scroll it
        <pre className="signed" tabIndex={0} data-testid="approval-message">
          {approval.message}
        </pre>
      )
    case 'typed':
      return (
        <>
          <Facts
            facts={[
              [text('kind'), approval.primaryType],
              [text('application'), approval.application],
              [text('contract'), approval.contract && <Whole address={approval.contract} />],
            ]}
          />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must be able to scroll it */}
          <section className="signed" tabIndex={0} aria-label={text('signedFields')}>
            <Facts facts={approval.fields.map(({ path, value }) => [path, value])} />
          </section>
        </>
      )
    case 'transaction':
      return <TransactionFacts approval={approval} />
    case 'network':
      return (
        <>
          <p>{text(approval.isNew ? 'networkAddSays' : 'networkSwitchSays', approval.name)}</p>
          <Facts
            facts={[
              [text('networkChain'), String(approval.chainId)],
              [text('networkRpc'), approval.rpcUrl],
            ]}
          />
        </>
      )
  }
}

function TransactionFacts({
  approval,
}: {
  readonly approval: Extract<Approval, { asks: 'transaction' }>
}): ReactElement {
  const { to, valueWei, feeWei } = approval
  return (
    <>
      <p className="lead" data-testid="approval-says">
        {meaningText(approval)}
      </p>
      <Facts
        facts={[
          [text('to'), to && <Whole address={to} />],
          [text('etherSent'), valueWei === 0n ? undefined : `${ptiFromWei(valueWei)} ETH`],
          [text('feeMost'), `${formatPti(feeWei)} ETH`],
        ]}
      />
    </>
  )
}

function meaningText({ meaning, isPti, valueWei }: Extract<Approval, { asks: 'transaction' }>): string {
  const amountText = (amount: bigint): string =>
    amount >= unlimited
      ? text('everything')
      : isPti
        ? `${ptiFromWei(amount)} PTI`
        : text('units', String(amount))
  switch (meaning.does) {
    case 'send-ether':
      return text('saysSend', `${ptiFromWei(valueWei)} ETH`)
    case 'create-contract':
      return text('saysCreate')
    case 'transfer':
      return text('saysTransfer', amountText(meaning.amount), shortAddress(meaning.to))
    case 'transfer-from':
      return text(
        'saysTransferFrom',
        amountText(meaning.amount),
        shortAddress(meaning.from),
        shortAddress(meaning.to),
      )
    case 'approve':
      return meaning.amount === 0n
        ? text('saysApproveNone', shortAddress(meaning.spender))
        : text('saysApprove', shortAddress(meaning.spender), amountText(meaning.amount))
    case 'approve-all':
      return meaning.allowed
        ? text('saysApproveAll', shortAddress(meaning.operator))
        : text('saysApproveNone', shortAddress(meaning.operator))
    case 'call':
      return text('saysCall', meaning.selector)
  }
}

/** An address in full: what is signed for is compared to its last digit. */
const Whole = ({ address }: { readonly address: string }): ReactElement => <code>{address}</code>

function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }): ReactElement {
  return (
    <dl className="facts small">
      {facts
        .filter(([, value]) => value !== undefined)
        .map(([name, value], place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: what is shown of one question never changes
          <div key={place}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
