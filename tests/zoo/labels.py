"""What each forged return is refused for: the finding that names what is wrong with it. Others may stand beside it."""

MAIN: dict[str, tuple[str, ...]] = {
    "CAS-001": ("a_version_that_was_voided",),
    "CAS-002": ("a_version_that_a_later_one_replaced",),
    "CAS-004": ("a_case_on_hold",),
    "CAS-005": ("through_another_vendors_folder",),
    "CAS-006": (
        "the_number_of_another_case_written_in_a_field",
        "the_signed_file_of_another_case",
    ),
    "CAS-009": ("a_version_that_digipost_sent_back",),
    "INT-004": (
        "a_revision_that_names_itself_as_the_one_before",
        "another_file_in_front",
        "cut_in_the_middle_of_the_signature",
        "empty",
        "junk_in_front_of_the_header",
        "no_pdf_at_all",
        "the_second_signer_signs_only_what_was_issued",
    ),
    "INT-005": ("encrypted_with_a_password",),
    "INT-010": ("a_page_pointed_at_the_bytes_of_another",),
    "PRV-002": (
        "a_seal_of_ones_own_over_altered_terms",
        "the_same_terms_saved_anew_before_signing",
        "the_seal_taken_off_before_signing",
    ),
    "PRV-003": (
        "a_picture_of_the_paper",
        "other_terms_signed_anew",
        "the_seal_of_another_agreement",
    ),
    "PRV-004": (
        "signed_in_a_field_of_ones_own_beside_the_seal",
        "text_laid_over_the_terms_after_the_seal",
        "the_empty_field_of_the_second_signer_painted_over_the_terms",
    ),
    "PRV-007": ("signed_in_a_field_of_ones_own_instead_of_the_issued_one",),
    "PRV-008": ("saved_anew_with_a_script",),
    "PRV-009": (
        "filled_with__a_digit_that_shows_another",
        "filled_with__a_value_half_outside",
        "filled_with__a_value_that_shows_nothing",
        "filled_with__another_value_than_it_shows",
        "filled_with__more_than_its_value",
    ),
    "SIG-001": (
        "nothing_but_a_seal_that_names_the_organisation_itself",
        "nothing_but_a_seal_with_the_certificate_of_the_signer",
        "nothing_but_the_issuers_seal",
        "only_a_time_stamp_and_no_signature",
        "unsigned",
    ),
    "SIG-002": (
        "a_signature_of_another_document_put_in",
        "a_signed_byte_altered",
    ),
    "SIG-003": ("a_byte_of_the_signature_value_altered",),
    "SIG-004": (
        "a_gap_wider_than_the_signature",
        "other_content_wrapped_in_the_signature",
        "something_hidden_behind_a_length_left_open",
        "something_hidden_behind_a_length_of_five_bytes",
        "something_hidden_in_the_signatures_padding",
        "the_signatures_dictionary_rewritten_with_another_reason",
        "the_signed_ranges_taken_away",
    ),
    "SIG-005": (
        "a_second_end_with_something_hidden_before_it",
        "bytes_after_the_end",
        "objects_after_the_end_that_only_a_repairing_reader_sees",
    ),
    "SIG-006": (
        "a_change_made_and_taken_back_under_the_second_signature",
        "a_signature_copied_into_the_field_of_the_other_signer",
        "a_strangers_signature_shown_over_the_whole_page",
        "an_annotation_over_the_terms__between_two_signers",
        "an_object_stream_written_anew",
        "certified_with_no_changes_allowed_and_then_changed",
        "hidden_objects_for_readers_of_old_and_new",
        "letters_drawn_by_another_font__between_two_signers",
        "page_content_freed",
        "page_content_replaced_by_a_handwritten_revision",
        "text_laid_over_the_terms__after_the_archive_time_stamp",
        "text_laid_over_the_terms__between_two_signers",
        "text_laid_over_the_terms_after_seal_and_signature",
        "the_look_of_a_signature_painted_over_afterwards",
        "the_look_of_the_first_signature_painted_over_by_the_second_signer",
        "the_page_replaced_and_archived_again",
        "the_second_signer_paints_over_what_the_first_one_signed",
        "the_signers_own_second_signature_shown_over_the_whole_page",
    ),
    "SIG-007": (
        "a_value_changed_after_signing",
        "a_value_changed_between_two_signers",
        "a_value_filled_only_after_signing",
    ),
    "SIG-008": (
        "a_revision_that_leaves_out_the_one_that_was_signed",
        "a_signature_removed_and_another_put_in_its_place",
        "a_strangers_signature_hidden_from_the_form",
        "the_form_taken_away__after_signing",
    ),
    "SIG-009": (
        "revoked_before_signing",
        "revoked_before_signing_though_the_document_brings_older_lists",
        "revoked_between_signing_and_receipt_without_a_time_stamp",
        "the_issuer_revoked",
    ),
    "SIG-010": (
        "a_seal_of_the_firm_by_a_self_made_authority",
        "a_self_made_authority_of_the_same_name",
        "a_self_made_authority_that_sends_the_real_certificates_along",
        "an_authority_of_the_attackers_own",
    ),
    "SIG-011": (
        "a_certificate_that_is_not_valid_yet",
        "a_certificate_to_be_issued_with_a_time_stamp_from_when_it_will_be",
        "an_expired_certificate",
        "an_expired_certificate_with_a_claimed_time_before_that",
        "stamped_only_after_the_certificate_expired",
    ),
    "SIG-012": ("nobody_is_trusted",),
    "SIG-013": (
        "nothing_known_of_revocation",
        "revocation_lists_by_a_self_made_authority",
        "revocation_lists_of_last_month",
    ),
    "SIG-014": (
        "a_curve_past_its_date",
        "a_digest_that_collides",
        "a_key_of_1024_bits",
    ),
    "SIG-015": (
        "a_certificate_by_an_authority_for_web_servers",
        "a_certificate_for_web_servers",
        "a_certificate_for_logging_in",
        "the_issuer_itself_as_signer",
        "the_time_stamp_authority_as_signer",
    ),
    "SIG-016": ("the_signature_taken_out_of_its_string",),
    "SIG-018": (
        "a_time_stamp_by_a_self_made_authority_of_the_same_name",
        "a_time_stamp_by_a_stranger",
        "a_time_stamp_of_the_future",
        "an_archive_time_stamp_by_a_stranger",
        "an_archive_time_stamp_of_the_future",
        "the_time_stamp_authority_revoked",
    ),
    "SIG-020": ("a_demonstration_certificate",),
    "SIG-021": ("more_signatures_than_anybody_needs",),
    "SIG-023": (
        "another_page_content_listed_elsewhere",
        "another_page_content_listed_twice",
        "another_page_content_object_behind_trailer",
        "another_page_content_object_in_trailer_string",
        "another_page_content_raised_generation",
        "another_page_content_second_trailer",
        "another_page_content_short_entries",
        "another_page_content_skipped_section",
        "another_page_content_small_size",
        "another_page_content_unlisted",
    ),
    "SIG-025": (
        "a_certificate_by_an_authority_for_another_country",
        "a_certificate_by_an_authority_that_has_expired",
        "a_certificate_issued_by_a_person_who_is_no_authority",
        "a_certificate_one_link_further_down_than_its_authority_allows",
    ),
    "SIG-026": ("another_page_content_packed_table",),
    "SIG-027": ("blanks_after_the_end",),
    "WHO-002": (
        "a_name_in_letters_that_only_look_alike",
        "a_name_that_holds_the_right_one",
        "a_persons_certificate_that_names_the_firm",
        "a_stranger",
        "a_stranger_beside_the_right_person",
        "the_firms_number_in_a_certificate_that_is_no_seal",
    ),
    "WHO-003": (
        "a_strangers_signature_beside_a_seal_with_the_certificate_of_the_signer",
        "one_of_two_who_must_sign_jointly",
        "one_person_in_both_fields",
        "two_jointly__the_second_signature_cut_off",
        "two_of_one_name_by_one_certificate",
    ),
    "WHO-004": ("the_right_to_sign_confirmed_by_nobody",),
    "WHO-005": (
        "another_firms_seal",
        "another_firms_seal_in_our_name",
        "sealed_again_and_nothing_more",
        "the_seal_of_the_firm_that_the_case_was_taken_over_from",
    ),
    "WHO-006": ("a_namesake_of_another_birth_date",),
    "WHO-007": ("by_a_power_of_attorney_that_nobody_has_seen",),
    "WHO-008": ("a_case_that_names_no_signer",),
}
CODE_OF = {name: code for code, names in MAIN.items() for name in names}


BY_KIND = {"signed_in": "PRV-004", "stamped_in": "SIG-006", "filled_with": "PRV-004"}
"""The looks are bred, too: by what the signer did, what came after, and what was filled before."""


def code_of(name: str) -> str:
    """The tricks are laid on in two ways, and each way is refused by one rule."""
    if name in CODE_OF:
        return CODE_OF[name]
    if name.partition("__")[0] in BY_KIND:
        return BY_KIND[name.partition("__")[0]]
    return "PRV-004" if name.endswith("__before_signing") else "SIG-006"
