import type { ClipboardEvent, ReactElement } from 'react'
import { formatPti, ptiFromWei } from '#std/amount.ts'

type AmountProps = {
  readonly wei: bigint
  readonly kind?: 'large' | 'spending' | 'earning'
  readonly unit?: string
  readonly testId?: string
}

/** An amount, shortened for reading; exact on hover, for screen readers, and when it is copied. */
export function Amount({ wei, kind, unit = 'PTI', testId }: AmountProps): ReactElement {
  const exact = ptiFromWei(wei)
  const copyExact = (event: ClipboardEvent): void => {
    event.preventDefault()
    event.clipboardData.setData('text/plain', exact)
  }
  return (
    <data
      className={kind === undefined ? 'amount' : `amount ${kind}`}
      value={wei.toString()}
      title={`${exact} ${unit}`}
      onCopy={copyExact}
      data-testid={testId}
    >
      {formatPti(wei)}
      <span className="unit">{unit}</span>
    </data>
  )
}
