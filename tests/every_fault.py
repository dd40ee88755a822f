"""Every misbehaving server there is: importing this module enters all behaviours and all name faults."""

import faults_certificates
import faults_dns
import faults_http
import faults_tls
from faults import BEHAVIOURS, NAME_FAULTS

MODULES = (faults_certificates, faults_dns, faults_http, faults_tls)

__all__ = ["BEHAVIOURS", "MODULES", "NAME_FAULTS"]
