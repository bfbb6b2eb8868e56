// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPaymentChannelsTypes} from "../../../contracts/interfaces/IPaymentChannelsTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {ChannelFixture} from "../support/ChannelFixture.sol";
import {Test} from "../support/Test.sol";

/// @dev Payers, payees, relayers and liars acting in any order on six lanes; it keeps its own books.
contract ChannelHandler is ChannelFixture {
    uint256 private constant _LANES = 6;

    struct Book {
        bytes32 id;
        uint256 deposit;
        uint256 paid;
        uint256 signed; // the most that the signer ever signed, or the payer conceded
        uint256 end;
    }

    Book[_LANES] private _books;
    uint256 private _now = 1_800_000_000;
    uint256 private _paidBefore; // by channels that are settled
    uint256 private _signedBefore;
    bool public wasLockedOut;

    constructor() {
        deploy();
    }

    function create(uint256 which, uint256 deposit) external {
        (uint96 lane, Book storage book) = pick(which);
        deposit = bound(deposit, 1, 20 ether);
        if (book.deposit != 0 || deposit > token.balanceOf(PAYER)) return;
        book.id = open(lane, deposit);
        book.deposit = deposit;
    }

    function topUp(uint256 which, uint256 added, bool byOther) external {
        (uint96 lane, Book storage book) = pick(which);
        uint40 counter = channels.channelOf(route(lane)).counter;
        added = bound(added, 1, 5 ether);
        if (added > token.balanceOf(PAYER)) return;
        bool ok;
        if (byOther) {
            vm.prank(PAYER);
            token.transfer(address(this), added);
            token.approve(address(channels), added);
            try channels.topUpDelegate(route(lane), counter, added) {
                ok = true;
            } catch {
                token.transfer(PAYER, added);
            }
        } else {
            vm.prank(PAYER);
            try channels.topUp(PAYEE, SIGNER, lane, counter, added) {
                ok = true;
            } catch {}
        }
        if (ok) book.deposit += added;
        assertEq(channels.channelOf(route(lane)).end, book.end, "a top-up moves no end");
    }

    function withdraw(uint256 which, uint256 balance, bool batched) external {
        (uint96 lane, Book storage book) = pick(which);
        if (book.deposit == 0) return;
        balance = bound(balance, 0, 30 ether);
        if (balance > book.signed) book.signed = balance;
        uint256 due = balance > book.deposit ? book.deposit : balance;
        bool pays = due > book.paid && (book.end == 0 || _now < book.end);
        uint256 before = token.balanceOf(PAYEE);
        if (batched) {
            IPaymentChannelsTypes.PackedProof[] memory items = new IPaymentChannelsTypes.PackedProof[](2);
            items[0] = packed(lane, book.id, balance / 2);
            items[1] = packed(lane, book.id, balance);
            channels.withdrawMany(PAYEE, items);
        } else {
            try channels.withdraw(route(lane), uint96(balance), proof(book.id, balance)) {} catch {}
        }
        uint256 got = token.balanceOf(PAYEE) - before;
        if (got != (pays ? due - book.paid : 0)) wasLockedOut = true;
        book.paid += got;
    }

    function forge(uint256 which, uint256 balance, uint256 how) external {
        (uint96 lane, Book storage book) = pick(which);
        (, Book storage other) = pick(which / 7);
        balance = bound(balance, book.signed + 1, 40 ether);
        Signature memory signature;
        if (how % 4 == 0) signature = sign(PAYEE_KEY, digestOf("BalanceProof", book.id, balance));
        if (how % 4 == 1) signature = sign(SIGNER_KEY, digestOf("ClosingSignature", book.id, balance));
        if (how % 4 == 2) signature = proof(book.id, balance + 1);
        if (how % 4 == 3) signature = proof(other.id == book.id ? bytes32(how) : other.id, balance);
        try channels.withdraw(route(lane), uint96(balance), signature) {
            assertTrue(false, "a forged proof paid");
        } catch {}
    }

    function close(uint256 which, uint256 balance, bool bySignature) external {
        (uint96 lane, Book storage book) = pick(which);
        balance = bound(balance, 0, 20 ether);
        bool ok;
        if (bySignature) {
            Signature memory signature = sign(PAYER_KEY, digestOf("UncooperativeClose", book.id, balance));
            try channels.uncooperativeCloseBySignature(route(lane), uint96(balance), signature) {
                ok = true;
            } catch {}
        } else {
            vm.prank(PAYER);
            try channels.uncooperativeClose(route(lane), uint96(balance)) {
                ok = true;
            } catch {}
        }
        if (!ok) return;
        book.end = _now + PERIOD;
        if (balance > book.signed) book.signed = balance;
        if (balance > book.paid) book.paid = balance;
    }

    function agree(uint256 which, uint256 balance) external {
        (uint96 lane, Book storage book) = pick(which);
        balance = bound(balance, 0, 25 ether);
        try channels.cooperativeClose(route(lane), uint96(balance), proof(book.id, balance), closing(book.id, balance)) {
            if (balance > book.signed) book.signed = balance;
            book.paid = balance;
            finish(lane);
        } catch {}
    }

    function settle(uint256 which) external {
        (uint96 lane, Book storage book) = pick(which);
        bool may = book.end != 0 && _now >= book.end;
        try channels.settle(route(lane)) {
            assertTrue(may, "settled too early");
            finish(lane);
        } catch {
            if (may) wasLockedOut = true;
        }
    }

    function pass(uint256 time) external {
        _now += bound(time, 0, PERIOD);
    }

    function books() external view returns (uint256 held, uint256 expected, uint256 paid, uint256 signed) {
        (paid, signed) = (_paidBefore, _signedBefore);
        for (uint256 i; i < _LANES; ++i) {
            expected += _books[i].deposit - _books[i].paid;
            paid += _books[i].paid;
            signed += _books[i].signed;
        }
        held = token.balanceOf(address(channels));
        assertEq(token.balanceOf(PAYEE), paid, "the payee has what was paid");
        assertEq(token.balanceOf(PAYER) + held + paid, FUNDS, "nothing is lost");
    }

    function finish(uint96 lane) private {
        _paidBefore += _books[lane].paid;
        _signedBefore += _books[lane].signed;
        delete _books[lane];
    }

    function pick(uint256 which) private returns (uint96 lane, Book storage book) {
        vm.warp(_now);
        lane = uint96(which % _LANES);
        book = _books[lane];
    }
}

contract PaymentChannelsInvariantsTest is Test {
    ChannelHandler private _handler;
    address[] private _targets;

    function setUp() external {
        _handler = new ChannelHandler();
        _targets.push(address(_handler));
    }

    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    function invariant_TheBooksBalance() external view {
        (uint256 held, uint256 expected, uint256 paid, uint256 signed) = _handler.books();
        assertEq(held, expected, "tokens held are open deposits less what was paid");
        assertTrue(paid <= signed, "nobody is paid more than was signed");
        assertTrue(!_handler.wasLockedOut(), "payees get their newest proof in time, payers the rest after it");
    }
}
