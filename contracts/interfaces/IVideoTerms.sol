// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a store asks of a video registry
interface IVideoTerms {
    /// @notice The hash of the terms on which a format is sold now, or zero if it is not sold.
    /// @param id The video.
    /// @param format The format's name, right-padded with zero bytes.
    function termsHash(bytes32 id, bytes32 format) external view returns (bytes32);
}
