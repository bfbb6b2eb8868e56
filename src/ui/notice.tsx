import type { ReactElement, ReactNode } from 'react'
import { Icon } from './icon.tsx'

type NoticeProps = { readonly loss?: boolean; readonly children: ReactNode }

/** What happened, what it cost, what to do. Read out when it appears. */
export function Notice({ loss = false, children }: NoticeProps): ReactElement {
  return (
    <div className={loss ? 'notice loss' : 'notice'} role={loss ? 'alert' : 'status'}>
      <Icon name={loss ? 'warning' : 'shield'} />
      <div>{children}</div>
    </div>
  )
}
